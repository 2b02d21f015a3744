# frozen_string_literal: true

require_relative "../output/warnings"

module MailRoom
  # Warns about a mailbox that a configuration lists more than once, such as incoming_email and service_desk_email on one account. If all
  # its entries have the same arbitration, each message is delivered once, else once for each entry.
  module WatchedTwice
    class << self
      # Warns once of each mailbox that is listed more than once without one arbitration for all its entries.
      # @param mailboxes [Array<Mailbox>]
      def warn_about(mailboxes)
        mailboxes.group_by { |mailbox| place(mailbox) }.each do |place, entries|
          next if entries.size < 2 || arbitrated?(entries)

          Warnings.once([:watched_twice, place],
                        "#{entries.first.title} is watched #{times(entries.size)} without a common arbitration: messages may be " \
                        "delivered more than once; list it once, or set the same arbitration_method: redis in all its entries")
        end
      end

      private

      # What makes a mailbox the same for the core.
      def place(mailbox)
        server = mailbox.microsoft_graph? ? [mailbox.to_native["graph"]["graph_endpoint"]] : [mailbox.host.downcase, mailbox.port]
        [*server, mailbox.email, mailbox.name.casecmp?("INBOX") ? "INBOX" : mailbox.name]
      end

      def arbitrated?(entries)
        arbitrations = entries.map { |mailbox| mailbox.to_native["arbitration"] }.uniq
        arbitrations.size == 1 && arbitrations.first["method"] != "noop"
      end

      def times(count)
        count == 2 ? "twice" : "#{count} times"
      end
    end
  end
end
