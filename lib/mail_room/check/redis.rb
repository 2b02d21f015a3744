# frozen_string_literal: true

require_relative "../native"
require_relative "step"

module MailRoom
  module Check
    # A Redis of a mailbox: whether it is there, accepts our login, takes writes, and permits what we need.
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
        # @param user [String] the part of the configuration that uses it
        # @param field [String] where it is configured
        # @return [Array<Step>]
        def steps(native, needs, user, field)
          texts = {
            "sentinel" => ["Sentinels know the Redis of #{user}?", "Check sentinels, their password and redis_url in #{field}"],
            "connected" => ["Redis of #{user} can be reached?", "Check redis_url in #{field}, and that the server runs"],
            "role" => ["Redis of #{user} takes writes?", "Check redis_url in #{field}"],
            "permitted" => ["Redis of #{user} permits what we do there?", "Grant the user of redis_url in #{field} what is missing"]
          }
          Report.new(Native.check_redis(native, needs), user.downcase, texts).steps { |_, facts| facts["master"] || facts["address"] }
        end
      end
    end
  end
end
