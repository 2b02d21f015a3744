# frozen_string_literal: true

require_relative "../options/incoming_address"
require_relative "step"

module MailRoom
  module Check
    # Checks the address in `matching`.
    module Address
      QUESTION = "Incoming address is safe?"
      private_constant :QUESTION

      # @param mailbox [Mailbox]
      # @return [Array<Step>] none if the address is not known
      def self.steps(mailbox)
        address = mailbox.matching && mailbox.matching[:address] or return []
        problems = IncomingAddress.new(address).problems
        return [Step.ok("address", QUESTION, address)] if problems.empty?

        problems.map { |status, what, fix| Step.public_send(status, "address", QUESTION, what, fix) }
      end
    end
  end
end
