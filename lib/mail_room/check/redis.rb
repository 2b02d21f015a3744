# frozen_string_literal: true

require_relative "../native"
require_relative "step"

module MailRoom
  module Check
    # A Redis of a mailbox: that it is there, that it lets us in, that it takes writes, and that we may make them.
    module Redis
      class << self
        # @param mailbox [Mailbox]
        # @return [Array<Step>]
        def arbitration(mailbox)
          native = mailbox.to_native["arbitration"]
          return [] unless native["redis"]

          needs = { "claims" => { "namespace" => native["namespace"] } }
          steps(native["redis"], needs, "arbitration", "arbitration_options")
        end

        # @param native [Hash] for the native library
        # @param needs [Hash] what it is needed for: `claims` with their namespace, `jobs` with namespace and queue
        # @param party [String] what it is for
        # @param field [String] where it is configured
        # @return [Array<Step>]
        def steps(native, needs, party, field)
          texts = {
            "sentinel" => ["Sentinels know the Redis of #{party}?", "Check sentinels, their password and redis_url in #{field}"],
            "connected" => ["Redis of #{party} can be reached?", "Check redis_url in #{field}, and that the server runs"],
            "role" => ["Redis of #{party} takes writes?", "Check redis_url in #{field}"],
            "permitted" => ["Redis of #{party} permits what we do there?", "Grant the user of redis_url in #{field} what is missing"]
          }
          Report.new(Native.check_redis(native, needs), party.downcase, texts).steps { |_, facts| facts["master"] || facts["address"] }
        end
      end
    end
  end
end
