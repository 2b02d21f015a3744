# frozen_string_literal: true

require "mail_room/errors"

module MailRoom
  module Delivery
    # Opens each message in a browser, for development. Not available yet: the options are read, nothing is delivered.
    class LetterOpener
      Options = Struct.new(:location) do
        # @param mailbox [Mailbox]
        def initialize(mailbox)
          super(mailbox.location || mailbox.delivery_options[:location])
        end
      end

      # @raise [ConfigurationError] always, for now
      def initialize(_options)
        raise ConfigurationError, "delivery_method letter_opener is not available yet"
      end
    end
  end
end
