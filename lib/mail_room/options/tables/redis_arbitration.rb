# frozen_string_literal: true

require_relative "redis"

module MailRoom
  module OptionTables
    REDIS_ARBITRATION = OptionTable.new(
      :redis_arbitration,
      title: "arbitration_options: redis", scope: "arbitration_options",
      chosen_by: { arbitration_method: "redis" },
      about: "Claims each message in Redis: of several processes that watch one mailbox, one delivers the message."
    ) do
      include_table REDIS
      option :claim_ttl, :integer,
             "How long a claim lives unless it is renewed.",
             range: 1..86_400, unit: "seconds", default: 60, shown: true
    end
  end
end
