# frozen_string_literal: true

module MailRoom
  module Delivery
    # For the Options of a delivery that have a member logger and know their mailbox: unless one is set, the mailbox's.
    # To be prepended, as a Struct has a reader of its own.
    module MailboxLogger
      # @return [::Logger] opened when it is first asked for
      def logger
        self[:logger] ||= @mailbox.logger
      end
    end
  end
end
