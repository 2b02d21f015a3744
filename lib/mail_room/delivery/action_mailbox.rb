# frozen_string_literal: true

require_relative "../errors"
require_relative "../options/option_struct"
require_relative "../options/tables/rails"
require_relative "http_request"
require_relative "mailbox_logger"
require_relative "native_delivery"
require_relative "rails_app"

module MailRoom
  module Delivery
    # Posts each message to the relay ingress of Rails' Action Mailbox. See {OptionTables::ACTION_MAILBOX}.
    class ActionMailbox
      include NativeDelivery

      PATH = "/rails/action_mailbox/relay/inbound_emails"

      Options = OptionStruct.define(OptionTables::ACTION_MAILBOX, %i[url password logger], from: :delivery_options) do
        prepend MailboxLogger

        private

        def complete(values, mailbox)
          url = mailbox.delivery_url || values[:url]
          url = url.sub(%r{/*\z}, "") + PATH unless url.nil? || url.include?(PATH)
          values.merge(url: url, password: values[:password] || ENV.fetch("RAILS_INBOUND_EMAIL_PASSWORD", nil),
                       ssl: HttpRequest.tls(values, mailbox))
        end
      end

      # Stores each message in the Rails app that watches the mailbox. Action Mailbox stores a message once, however often it comes.
      class InApp
        Options = ActionMailbox::Options

        # @param _options [Options]
        # @raise [ConfigurationError] outside of a Rails app
        def initialize(_options)
          inbound_email
        end

        # @param message [String] the raw message
        # @return [true]
        # @raise whatever the app's database and storage raise
        def deliver(message)
          RailsApp.wrap { inbound_email.create_and_extract_message_id!(message) }
          true
        end

        private

        # Looked up anew each time: in development it is reloaded.
        def inbound_email
          RailsApp.constant("ActionMailbox::InboundEmail",
                            "without url, delivery_method action_mailbox works in a Rails app only; set url, or run " \
                            "bin/rails action_mailbox:install in the app and watch from it")
        end
      end

      # @api private
      # @param mailbox [Mailbox]
      # @return [Class] this class, or the one that needs no address
      def self.for(mailbox)
        Options.new(mailbox).url.nil? ? InApp : self
      end

      # @param message [String] the raw message
      # @return [true]
      # @raise [DeliveryError] unless the ingress answered with 2xx
      def deliver(message)
        status = @native.deliver(message)
        options.logger.info({ delivery_method: "ActionMailbox", action: "message pushed",
                              url: HttpRequest.shown(options.url), status_code: status })
        true
      end

      # @api private
      def self.native(options, where)
        unless options.url.to_s.match?(%r{\Ahttps?://[^/]}i)
          raise ConfigurationError, "Field :url in #{where} must begin with http:// or https://"
        end
        raise ConfigurationError, "Field :url in #{where} must be the app's address, without ? and #" if options.url.match?(/[?#]/)

        if options.password.to_s.empty?
          raise ConfigurationError, "Field :password in #{where} is required (or RAILS_INBOUND_EMAIL_PASSWORD): the app's " \
                                    "action_mailbox.ingress_password"
        end

        { "method" => "postback", "endpoint" => "action_mailbox", **OptionTables::ACTION_MAILBOX.native(options),
          "username" => "actionmailbox", "content_type" => "message/rfc822", **HttpRequest.native(options, where) }
      end
    end
  end
end
