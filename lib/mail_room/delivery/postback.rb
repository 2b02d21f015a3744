# frozen_string_literal: true

require "mail_room/delivery/mailbox_logger"
require "mail_room/errors"
require "mail_room/jwt"
require "mail_room/native"
require "mail_room/option_reader"
require "mail_room/redaction"
require "mail_room/tls_options"

module MailRoom
  module Delivery
    # Posts each message to an HTTP endpoint. Only an answer of 2xx means that it was delivered.
    #
    # | key of delivery_options | meaning | default |
    # | --- | --- | --- |
    # | delivery_url, url | where to, http or https; also an option of the mailbox | (required) |
    # | delivery_token, token | sent as `Authorization: Token …`; also an option of the mailbox | none |
    # | username, password (or delivery_username, delivery_password) | sent as Basic authentication if there is no token | none |
    # | jwt_auth_header | the header that carries a JSON Web Token, beside the above | none |
    # | jwt_secret_path | file with its secret, see {JWT}; read for every post | none |
    # | jwt_issuer, jwt_algorithm, jwt_key_id | see {JWT} | mailroom, HS256, none |
    # | content_type | also an option of the mailbox | application/x-www-form-urlencoded |
    # | headers | more headers, a mapping | {} |
    # | connect_timeout, timeout | seconds until the connection, and the whole answer, have to be there, 1 to 3600 | 10, 60 |
    # | concurrency | posts that may be on their way at the same time, 1 to 64 | 4 |
    # | ssl | a mapping, see {TlsOptions}; its keys may also stand beside it | {} |
    class Postback
      DEFAULT_CONTENT_TYPE = "application/x-www-form-urlencoded"
      KEYS = (%i[delivery_url url delivery_token token username delivery_username password delivery_password content_type
                 jwt_auth_header jwt_secret_path jwt_issuer jwt_algorithm jwt_key_id headers connect_timeout timeout
                 concurrency ssl] + TlsOptions::KEYS).freeze
      private_constant :KEYS

      Options = Struct.new(:url, :token, :username, :password, :logger, :content_type, :jwt, :headers, :ssl, :connect_timeout,
                           :timeout, :concurrency) do
        prepend MailboxLogger
        include Redaction.showing(:content_type)

        # @param mailbox [Mailbox]
        # @raise [ConfigurationError] naming the field
        def initialize(mailbox)
          reader = OptionReader.new(mailbox.delivery_options, where: "delivery_options of #{mailbox.title}")
          reader.warn_unknown(KEYS, "delivery_options")
          super(mailbox.delivery_url || first(reader, :delivery_url, :url),
                mailbox.delivery_token || first(reader, :delivery_token, :token),
                first(reader, :username, :delivery_username), first(reader, :password, :delivery_password), nil,
                reader.string(:content_type) || mailbox.content_type, token_issuer(reader),
                reader.hash(:headers).to_h { |name, text| [name.to_s, Coercion.string(text, reader.field("headers: #{name}"))] },
                tls(reader, mailbox), reader.integer(:connect_timeout, 1..3600, 10), reader.integer(:timeout, 1..3600, 60),
                reader.integer(:concurrency, 1..64, 4))
          @mailbox = mailbox
        end

        def token_auth?
          !token.nil?
        end

        def basic_auth?
          !username.nil? && !password.nil?
        end

        def jwt_auth?
          jwt.valid?
        end

        private

        def first(reader, *keys)
          keys.lazy.filter_map { |key| reader.string(key) }.first
        end

        def tls(reader, mailbox)
          beside = (TlsOptions::KEYS & mailbox.delivery_options.keys).to_h { |key| [key, reader.raw(key)] }
          reader.hash(:ssl).merge(beside)
        end

        def token_issuer(reader)
          JWT.new(header: reader.string(:jwt_auth_header), secret_path: reader.path(:jwt_secret_path),
                  issuer: reader.string(:jwt_issuer), algorithm: reader.string(:jwt_algorithm), key_id: reader.string(:jwt_key_id))
        end
      end

      # @return [Options]
      attr_reader :options

      # @param options [Options]
      # @raise [ConfigurationError]
      def initialize(options)
        @options = options
        @native = Native::Delivery.new(self.class.native(options, "delivery_options"))
      end

      # @param message [String] the raw message
      # @return [true]
      # @raise [DeliveryError] unless the endpoint answered with 2xx
      # @raise [ConfigurationError] if there is no address
      def deliver(message)
        status = @native.deliver(message)
        # User, password and query are nobody's business.
        url = options.url.sub(%r{//[^/?#]*@}, "//").sub(/[?#].*/m, "")
        options.logger.info({ delivery_method: "Postback", action: "message pushed", url: url, status_code: status })
        true
      end

      # @return [Hash] as the compiled library takes it
      def self.to_native(mailbox)
        native(Options.new(mailbox), "delivery_options of #{mailbox.title}")
      end

      # @api private
      def self.native(options, where)
        unless options.url.nil? || options.url.match?(%r{\Ahttps?://[^/]}i)
          raise ConfigurationError, "Field :delivery_url in #{where} must begin with http:// or https://"
        end

        { "method" => "postback", "url" => options.url, "token" => options.token, "username" => options.username,
          "password" => options.password, "jwt" => (options.jwt.to_native if options.jwt_auth?),
          "content_type" => options.content_type || DEFAULT_CONTENT_TYPE, "headers" => options.headers.compact,
          "tls" => TlsOptions.to_native(options.ssl, where: where), "connect_timeout" => options.connect_timeout,
          "timeout" => options.timeout, "concurrency" => options.concurrency }
      end
    end
  end
end
