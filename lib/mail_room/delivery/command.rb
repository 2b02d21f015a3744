# frozen_string_literal: true

require_relative "../options/option_struct"
require_relative "../options/tables/command"
require_relative "mailbox_logger"
require_relative "native_delivery"

module MailRoom
  module Delivery
    # Runs a program that reads the message from its standard input. See {OptionTables::COMMAND}.
    class Command
      include NativeDelivery

      Options = OptionStruct.define(OptionTables::COMMAND, %i[command timeout concurrency logger], from: :delivery_options) do
        prepend MailboxLogger
      end

      # @param message [String] the raw message
      # @return [true]
      # @raise [DeliveryError] unless the program ended with 0
      def deliver(message)
        @native.deliver(message)
        options.logger.info({ delivery_method: "Command", action: "message pushed", command: options.command.first })
        true
      end

      # @api private
      def self.native(options, _where)
        { "method" => "command", **OptionTables::COMMAND.native(options) }
      end
    end
  end
end
