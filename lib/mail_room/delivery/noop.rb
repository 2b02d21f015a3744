# frozen_string_literal: true

module MailRoom
  module Delivery
    # Does nothing. Every message counts as delivered.
    class Noop
      # It has no options.
      Options = Struct.new(:mailbox) do
        def initialize(_mailbox = nil)
          super(nil)
        end
      end

      def initialize(*); end

      # @return [true]
      def deliver(*)
        true
      end

      # @return [Hash] for the native library
      def self.to_native(_mailbox)
        { "method" => "noop" }
      end
    end
  end
end
