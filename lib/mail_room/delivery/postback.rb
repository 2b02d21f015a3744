# frozen_string_literal: true

require_relative "../errors"
require_relative "../jwt"
require_relative "../options/option_struct"
require_relative "../options/tables/postback"
require_relative "http_request"
require_relative "mailbox_logger"
require_relative "native_delivery"

module MailRoom
  module Delivery
    # Posts each message to an HTTP endpoint. Only a 2xx response counts as delivered. See {OptionTables::POSTBACK}.
    class Postback
      include NativeDelivery

      DEFAULT_CONTENT_TYPE = OptionTables::POSTBACK[:content_type].default_text

      Options = OptionStruct.define(OptionTables::POSTBACK, %i[url token username password logger content_type jwt],
                                    from: :delivery_options) do
        prepend MailboxLogger

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

        # Some options may also be options of the mailbox, and those of TLS may stand beside `ssl`.
        def complete(values, mailbox)
          values.merge(url: mailbox.delivery_url || values[:url], token: mailbox.delivery_token || values[:token],
                       content_type: values[:content_type] || mailbox.content_type, jwt: jwt_of(values),
                       ssl: HttpRequest.tls(values, mailbox))
        end

        def jwt_of(values)
          JWT.new(header: values[:jwt_auth_header], secret_path: values[:jwt_secret_path], issuer: values[:jwt_issuer],
                  algorithm: values[:jwt_algorithm], key_id: values[:jwt_key_id], expires_in: values[:jwt_expires_in])
        end
      end

      # @param message [String] the raw message
      # @return [true]
      # @raise [DeliveryError] unless the endpoint answered with 2xx
      # @raise [ConfigurationError] if there is no address
      def deliver(message)
        status = @native.deliver(message)
        options.logger.info({ delivery_method: "Postback", action: "message pushed", url: HttpRequest.shown(options.url),
                              status_code: status })
        true
      end

      # @api private
      def self.native(options, where)
        unless options.url.nil? || options.url.match?(%r{\Ahttps?://[^/]}i)
          raise ConfigurationError, "Field :delivery_url in #{where} must begin with http:// or https://"
        end

        { "method" => "postback", **OptionTables::POSTBACK.native(options), "jwt" => (options.jwt.to_native if options.jwt_auth?),
          "content_type" => options.content_type || DEFAULT_CONTENT_TYPE, **HttpRequest.native(options, where) }
      end
    end
  end
end
