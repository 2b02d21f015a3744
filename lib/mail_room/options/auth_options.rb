# frozen_string_literal: true

require_relative "../errors"
require_relative "coercion"
require_relative "tables/auth"
require_relative "tls_options"

module MailRoom
  # Converts `auth` of a mailbox: an IMAP login with an OAuth 2.0 token. See {OptionTables::AUTH}.
  module AuthOptions
    TABLE = OptionTables::AUTH
    # The options of an authorization server: all but these.
    SERVER_KEYS = (TABLE.names - %i[mechanism token_command token_file]).freeze
    MICROSOFT = "https://login.microsoftonline.com/%s/oauth2/v2.0/token"
    APPLICATION_SCOPE = "https://outlook.office365.com/.default"
    PERSONAL_SCOPE = "https://outlook.office365.com/IMAP.AccessAsUser.All offline_access"
    LOOPBACK = /\A(localhost|127(\.\d+){3}|\[::1\])\z/i
    private_constant(*constants(false))

    class << self
      # @param options [Hash]
      # @param where [String] what the options belong to, for errors
      # @return [Hash{String=>Object}] for the native library
      # @raise [ConfigurationError] naming the option
      def to_native(options, where:)
        source = source(Coercion.options(options, where).keys, where)
        values = TABLE.read(options, where: where)
        { "mechanism" => values[:mechanism], "token" => token(source, values, where) }
      end

      private

      def source(given, where)
        sources = [*(%i[token_command token_file] & given), *(:client_id unless (SERVER_KEYS & given).empty?)]
        return sources.first if sources.size == 1

        raise ConfigurationError, "#{where} must have exactly one source of tokens: token_command, token_file, or an authorization " \
                                  "server's client_id (and token_url or tenant_id, client_secret, refresh_token, scope)"
      end

      def token(source, values, where)
        return { "grant" => grant(values, where) } if source == :client_id

        { source.to_s.delete_prefix("token_") => values[source] || required(source, where) }
      end

      def grant(values, where)
        personal = !values[:refresh_token].nil?
        required(:client_id, where) if values[:client_id].nil?
        required(:client_secret, where) if values[:client_secret].nil? && !personal
        scope = values[:tenant_id] && (personal ? PERSONAL_SCOPE : APPLICATION_SCOPE)
        TABLE.native(values)["grant"].merge(
          "token_url" => token_url(values, where), "scope" => values[:scope] || scope,
          "tls" => TlsOptions.to_native(values[:ssl], where: "ssl of #{where}")
        )
      end

      def required(key, where)
        raise ConfigurationError, "Field :#{key} in #{where} is required"
      end

      def token_url(values, where)
        require "uri" # few have a token_url, and it takes long to load
        field = "Field :token_url in #{where}"
        url = values[:token_url] || (values[:tenant_id] && format(MICROSOFT, values[:tenant_id]))
        raise ConfigurationError, "#{field} is required (or :tenant_id, for Microsoft's)" if url.nil?

        parsed = URI.parse(url)
        # Of `https://`, the host is nil or "", which depends on the version of URI.
        host = parsed.host.to_s
        return url if !host.empty? && (parsed.scheme == "https" || (parsed.scheme == "http" && host.match?(LOOPBACK)))

        raise URI::InvalidURIError
      rescue URI::InvalidURIError
        raise ConfigurationError, "#{field} must be an https address: secrets are sent there", cause: nil
      end
    end
  end
end
