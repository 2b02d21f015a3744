# frozen_string_literal: true

require "mail_room/errors"
require "mail_room/jwt"
require "mail_room/redaction"

module MailRoom
  module Delivery
    # Posts each message to an HTTP endpoint. Not available yet: the options are read, nothing is delivered.
    class Postback
      Options = Struct.new(:url, :token, :username, :password, :logger, :content_type, :jwt) do
        include Redaction.showing(:content_type)

        # @param mailbox [Mailbox]
        def initialize(mailbox)
          options = mailbox.delivery_options
          super(mailbox.delivery_url || options[:delivery_url] || options[:url],
                mailbox.delivery_token || options[:delivery_token] || options[:token],
                options[:username] || options[:delivery_username], options[:password] || options[:delivery_password],
                nil, options[:content_type] || mailbox.content_type, token_issuer(options))
          @mailbox = mailbox
        end

        # @return [::Logger] the mailbox's
        def logger
          self[:logger] ||= @mailbox.logger
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

        def token_issuer(options)
          JWT.new(header: options[:jwt_auth_header], secret_path: options[:jwt_secret_path], issuer: options[:jwt_issuer],
                  algorithm: options[:jwt_algorithm])
        end
      end

      # @raise [ConfigurationError] always, for now
      def initialize(_options)
        raise ConfigurationError, "delivery_method postback is not available yet"
      end
    end
  end
end
