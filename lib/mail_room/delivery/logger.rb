# frozen_string_literal: true

require_relative "../errors"
require_relative "../native"
require_relative "../options/log_target"

module MailRoom
  module Delivery
    # Writes each message as a line of a Ruby Logger.
    class Logger
      # @!attribute log_path
      #   @return [String, nil] the file; standard output if nil
      Options = Struct.new(:log_path) do
        def initialize(mailbox)
          super(mailbox.log_path || mailbox.delivery_options[:log_path])
        end
      end

      def initialize(options)
        @native = Native::Delivery.new(self.class.native(options))
      end

      # @param message [String] the raw message
      # @return [true]
      # @raise [DeliveryError]
      def deliver(message)
        @native.deliver(message)
      end

      # @return [Hash] for the native library
      def self.to_native(mailbox)
        native(Options.new(mailbox))
      end

      # @api private
      def self.native(options)
        path = LogTarget.to_native(options.log_path, "Field :log_path in delivery_options")
        if path == "stderr"
          raise ConfigurationError, "Field :log_path in delivery_options must be a path: without one, messages go to standard output"
        end

        { "method" => "logger", "log_path" => path.is_a?(Hash) ? path["path"] : nil }
      end
    end
  end
end
