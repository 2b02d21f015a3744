# frozen_string_literal: true

require_relative "../native"
require_relative "step"

module MailRoom
  module Check
    # The SMTP server that takes the notices of a mailbox with `rejection`. Sends none.
    module Rejection
      TEXTS = { "logged_in" => ["SMTP server of rejection takes us?",
                                "Check address, port, starttls, user_name and password in rejection"] }.freeze
      private_constant :TEXTS

      # @param mailbox [Mailbox]
      # @return [Array<Step>]
      def self.steps(mailbox)
        native = mailbox.to_native["rejection"]
        native ? Report.new(Native.check_smtp(native), "rejection", TEXTS).steps : []
      end
    end
  end
end
