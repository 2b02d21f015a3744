# frozen_string_literal: true

module MailRoom
  module Arbitration
    # Decides nothing: this process is the only one on its mailbox.
    class Noop
      # Has none.
      Options = Struct.new(:mailbox) do
        def initialize(_mailbox = nil)
          super(nil)
        end
      end

      def initialize(*); end

      # @return [true]
      def deliver?(*)
        true
      end

      # @return [Hash] as the compiled library takes it
      def self.to_native(_mailbox)
        { "method" => "noop" }
      end
    end
  end
end
