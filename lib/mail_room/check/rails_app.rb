# frozen_string_literal: true

require_relative "../delivery"
require_relative "step"

module MailRoom
  module Check
    # Deliveries inside of a Rails app: whether the app has what they need. Delivers nothing.
    module RailsApp
      QUESTION = "Rails app takes messages?"
      private_constant :QUESTION

      class << self
        # @param mailbox [Mailbox]
        # @return [Array<Step>] none if messages are not delivered inside of an app
        def steps(mailbox)
          klass = mailbox.delivery_klass
          return [] unless [MailRoom::Delivery::ActionMailbox::InApp, MailRoom::Delivery::ActiveJob].include?(klass)

          klass.new(klass::Options.new(mailbox))
          [Step.ok("rails.app", QUESTION)]
        rescue ConfigurationError => e
          return [outside] unless defined?(::Rails.application) && ::Rails.application

          [Step.failed("rails.app", QUESTION, e.message, "Correct the app or delivery_options; docs/rails.md shows both")]
        end

        private

        def outside
          Step.warning("rails.app", QUESTION, "this is not the app: it shows only there",
                       "Run the check in the app, with bin/rails runner; docs/rails.md shows how", answer: "no")
        end
      end
    end
  end
end
