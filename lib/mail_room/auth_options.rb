# frozen_string_literal: true

require "shellwords"
require "uri"
require "mail_room/coercion"
require "mail_room/errors"
require "mail_room/option_reader"
require "mail_room/tls_options"

module MailRoom
  # The options of `auth` of a mailbox: an IMAP login with a token of OAuth 2.0 in place of a password. Exactly one source of
  # the token: a program, a file, or an authorization server (everything from tenant_id on).
  #
  # | key | meaning | default |
  # | --- | --- | --- |
  # | mechanism | how the token is shown to the mail server: `xoauth2` or `oauthbearer` | xoauth2 |
  # | token_command | a program that writes a token to its standard output, within 30 seconds: a list of words, or one text that is
  #   split at spaces and quotes; run for every login, without a shell | none |
  # | token_file | a file that holds a token; read for every login | none |
  # | tenant_id | Microsoft's tenant; says what token_url and scope are unless they are given | none |
  # | token_url | the authorization server's token endpoint, https | with tenant_id Microsoft's, else (required) |
  # | client_id | the application there | (required) |
  # | client_secret | its secret | (required without refresh_token) |
  # | scope | what the token is for | with tenant_id IMAP at Office 365, else none |
  # | refresh_token | what a person has allowed the application; without it the application logs in as itself | none |
  # | ssl | a mapping, see {TlsOptions}: TLS towards the authorization server | {} |
  module AuthOptions
    SERVER_KEYS = %i[tenant_id token_url client_id client_secret scope refresh_token ssl].freeze
    KEYS = (%i[mechanism token_command token_file] + SERVER_KEYS).freeze
    MECHANISMS = %w[xoauth2 oauthbearer].freeze
    TENANT = /\A[A-Za-z0-9._-]+\z/
    MICROSOFT = "https://login.microsoftonline.com/%s/oauth2/v2.0/token"
    APPLICATION_SCOPE = "https://outlook.office365.com/.default"
    PERSONAL_SCOPE = "https://outlook.office365.com/IMAP.AccessAsUser.All offline_access"
    LOOPBACK = /\A(localhost|127(\.\d+){3}|\[::1\])\z/i
    private_constant(*constants(false))

    class << self
      # @param options [Hash]
      # @param where [String] what the options belong to, for messages
      # @return [Hash{String=>Object}] as the compiled library takes it
      # @raise [ConfigurationError] naming the field
      def to_native(options, where:)
        reader = OptionReader.new(options, where: where)
        reader.warn_unknown(KEYS, "auth")
        { "mechanism" => mechanism(reader), "token" => token(reader, where) }
      end

      private

      def mechanism(reader)
        value = reader.raw(:mechanism)
        return MECHANISMS.first if value.nil?
        return value.to_s.downcase if [String, Symbol].any? { |type| value.is_a?(type) } && MECHANISMS.include?(value.to_s.downcase)

        raise ConfigurationError, "#{reader.field(:mechanism)} must be one of #{MECHANISMS.join(", ")}"
      end

      def token(reader, where)
        sources = [*%i[token_command token_file].select { |key| reader.given?(key) },
                   *(:client_id if SERVER_KEYS.any? { |key| reader.given?(key) })]
        case sources
        when [:token_command] then { "command" => command(reader) }
        when [:token_file] then { "file" => file(reader) }
        when [:client_id] then { "grant" => grant(reader, where) }
        else
          raise ConfigurationError, "#{where} must have exactly one source of tokens: token_command, token_file, or an authorization " \
                                    "server's client_id (and token_url or tenant_id, client_secret, refresh_token, scope)"
        end
      end

      def command(reader)
        value = reader.raw(:token_command)
        field = reader.field(:token_command)
        words = value.is_a?(Array) ? value.map { |word| Coercion.string(word, field) } : split(Coercion.string(value, field), field)
        return words unless words.empty? || words.first.to_s.empty? || words.any? { |word| word.nil? || word.include?("\0") }

        raise ConfigurationError, "#{field} must name a program to run, and may go on with its arguments"
      end

      def split(text, field)
        Shellwords.split(text.to_s)
      rescue ArgumentError
        raise ConfigurationError, "#{field} has a quote that does not end", cause: nil
      end

      def file(reader)
        path = reader.path(:token_file)
        return path unless path.to_s.empty?

        raise ConfigurationError, "#{reader.field(:token_file)} must be a path"
      end

      def grant(reader, where)
        tenant = tenant(reader)
        personal = !reader.filled(:refresh_token).nil?
        required(reader, :client_id)
        required(reader, :client_secret) unless personal
        {
          "token_url" => token_url(reader, tenant), "client_id" => reader.string(:client_id),
          "client_secret" => reader.filled(:client_secret), "refresh_token" => reader.filled(:refresh_token),
          "scope" => reader.filled(:scope, tenant && (personal ? PERSONAL_SCOPE : APPLICATION_SCOPE)),
          "tls" => TlsOptions.to_native(reader.hash(:ssl), where: "ssl of #{where}")
        }
      end

      def required(reader, key)
        raise ConfigurationError, "#{reader.field(key)} is required" if reader.filled(key).nil?
      end

      def tenant(reader)
        tenant = reader.filled(:tenant_id)
        return tenant if tenant.nil? || tenant.match?(TENANT)

        raise ConfigurationError, "#{reader.field(:tenant_id)} must be a tenant's id or domain"
      end

      def token_url(reader, tenant)
        url = reader.filled(:token_url, tenant && format(MICROSOFT, tenant))
        raise ConfigurationError, "#{reader.field(:token_url)} is required (or :tenant_id, for Microsoft's)" if url.nil?

        parsed = URI.parse(url)
        return url if parsed.host && (parsed.scheme == "https" || (parsed.scheme == "http" && parsed.host.match?(LOOPBACK)))

        raise URI::InvalidURIError
      rescue URI::InvalidURIError
        raise ConfigurationError, "#{reader.field(:token_url)} must be an https address: secrets are sent there", cause: nil
      end
    end
  end
end
