# frozen_string_literal: true

require_relative "../native"

module MailRoom
  module Delivery
    # A delivery that the native library carries out. The class that includes it has a class Options and a class method
    # `native(options, where)` that converts them.
    #
    # @api private
    module NativeDelivery
      # The class methods.
      module ClassMethods
        # @param mailbox [Mailbox]
        # @return [Hash{String=>Object}] for the native library
        # @raise [ConfigurationError] naming the option
        def to_native(mailbox)
          native(self::Options.new(mailbox), "delivery_options of #{mailbox.title}")
        end
      end

      def self.included(klass)
        klass.extend(ClassMethods)
      end

      # @return [Options]
      attr_reader :options

      # @param options [Options]
      # @raise [ConfigurationError] naming the option
      def initialize(options)
        @options = options
        @native = Native::Delivery.new(self.class.native(options, "delivery_options"))
      end
    end
  end
end
