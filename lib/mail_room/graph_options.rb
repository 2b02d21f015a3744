# frozen_string_literal: true

require "mail_room/coercion"
require "mail_room/errors"
require "mail_room/option_reader"
require "mail_room/warnings"

module MailRoom
  # `inbox_options` of a mailbox with `inbox_method: microsoft_graph`. The app needs the application permission
  # Mail.ReadWrite for the mailbox.
  #
  # | key | meaning | default |
  # | --- | --- | --- |
  # | tenant_id | the tenant, by id or domain | (required) |
  # | client_id | the id of the app | (required) |
  # | client_secret | the app's secret | (this or client_certificate) |
  # | client_certificate | PEM file with the app's certificate and its private key (RSA); read for every token | none |
  # | poll_interval | seconds between two looks at the mailbox, up to 86400; 0 and less mean the default | 60 |
  # | azure_ad_endpoint | where tokens come from; national clouds have others | https://login.microsoftonline.com |
  # | graph_endpoint | where the mailbox is; national clouds have others | https://graph.microsoft.com |
  # | delta | whether it is looked for changes instead of unread messages | false |
  module GraphOptions
    KEYS = %i[tenant_id client_id client_secret client_certificate poll_interval azure_ad_endpoint graph_endpoint delta].freeze
    POLL_INTERVAL = 60
    LONGEST_POLL = 86_400
    ENDPOINTS = { azure_ad_endpoint: "https://login.microsoftonline.com", graph_endpoint: "https://graph.microsoft.com" }.freeze
    LOOPBACK = %r{\Ahttp://(localhost|127\.[\d.]+|\[::1\])(:\d+)?/?\z}i
    private_constant :KEYS, :LOOPBACK

    class << self
      # @param options [Hash] as configured
      # @param where [String] what they belong to, for messages
      # @return [Hash{String=>Object}] as the compiled library takes it
      # @raise [ConfigurationError] naming the key
      def to_native(options, where:)
        reader = OptionReader.new(options, where: where)
        reader.warn_unknown(KEYS, "inbox_options")
        { "tenant_id" => required(reader, :tenant_id), "client_id" => required(reader, :client_id),
          "poll_interval" => poll_interval(reader), "delta" => reader.boolean(:delta, false) }
          .merge(credential(reader), ENDPOINTS.to_h { |key, default| [key.to_s, endpoint(reader, key, default)] })
      end

      private

      def required(reader, key)
        sendable(reader, key, reader.filled(key) || raise(ConfigurationError, "#{reader.field(key)} is required"))
      end

      def sendable(reader, key, text)
        return text unless text.match?(/[\r\n\0]/)

        raise ConfigurationError, "#{reader.field(key)} must not contain CR, LF or NUL"
      end

      def credential(reader)
        secret = reader.filled(:client_secret)
        certificate = reader.path(:client_certificate)
        if secret && certificate
          raise ConfigurationError, "#{reader.field(:client_certificate)} cannot stand beside client_secret: remove one of them"
        end
        return { "client_secret" => required(reader, :client_secret) } unless certificate
        # Errors about the file quote its path: text in place of one would end up in the log, private key and all.
        return { "client_certificate" => certificate } unless certificate.empty? || certificate.match?(/-----BEGIN|[\r\n\0]/)

        raise ConfigurationError, "#{reader.field(:client_certificate)} must be the path of a PEM file, not its content"
      end

      def poll_interval(reader)
        seconds = reader.integer(:poll_interval, (..LONGEST_POLL), POLL_INTERVAL)
        seconds.positive? ? seconds : POLL_INTERVAL
      end

      # The app's secret and its tokens go there.
      def endpoint(reader, key, default)
        url = reader.filled(key, default)
        unless url.match?(%r{\Ahttps?://[^/?\#@\s]+(/[^?\#\s]*)?\z}i)
          raise ConfigurationError, "#{reader.field(key)} must be https:// and a host, without user, password and query"
        end

        if url.match?(/\Ahttp:/i) && !url.match?(LOOPBACK)
          Warnings.once([:clear, reader.field(key)], "#{reader.field(key)} is http: credentials and mail travel unprotected")
        end
        url.chomp("/")
      end
    end
  end
end
