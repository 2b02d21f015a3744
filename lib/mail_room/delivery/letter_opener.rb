# frozen_string_literal: true

require_relative "../errors"

module MailRoom
  module Delivery
    # Opens each message in a browser, for development. Needs the gems letter_opener and mail, which only its users install.
    class LetterOpener
      # @!attribute location
      #   @return [String, nil] the folder that the pages are written to
      Options = Struct.new(:location) do
        # @param mailbox [Mailbox]
        def initialize(mailbox)
          super(mailbox.location || mailbox.delivery_options[:location])
        end
      end

      # @param options [Options]
      # @raise [ConfigurationError] if a gem is missing
      def initialize(options)
        %w[letter_opener mail].each { |name| load_gem(name) }
        @delivery = ::LetterOpener::DeliveryMethod.new(location: options.location)
      end

      # @param message [String] the raw message
      # @return [true]
      def deliver(message)
        @delivery.deliver!(::Mail.read_from_string(message))
        true
      end

      private

      def load_gem(name)
        require name
      rescue LoadError => e
        raise unless e.path == name

        raise ConfigurationError, "delivery_method letter_opener needs the gem #{name}: add it to the Gemfile", cause: nil
      end
    end
  end
end
