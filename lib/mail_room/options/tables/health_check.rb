# frozen_string_literal: true

require_relative "../option_table"

module MailRoom
  module OptionTables
    HEALTH_CHECK = OptionTable.new(
      :health_check,
      title: "Health check options", scope: "health_check",
      about: "`health_check` of a configuration: where the process answers over HTTP how it is. See docs/monitoring.md. It needs " \
             "`address` and `port`, or `socket`, or all three."
    ) do
      option :address, :text,
             "The address to listen on. `0.0.0.0` is every address of this machine.",
             native: nil
      option :port, :any,
             "The TCP port to listen on.",
             range: 1..65_535, native: nil, value_text: "integer"
      option :socket, :path,
             "The Unix socket to listen on. Its owner and its group may connect."
      option :metrics, :boolean,
             "Whether there is `/metrics`.",
             default_text: "true on loopback addresses and on a socket, else false"
      option :status, :boolean,
             "Whether there are `/status` and `/status.json`.",
             default_text: "true on loopback addresses and on a socket, else false"
    end
  end
end
