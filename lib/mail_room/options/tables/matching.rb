# frozen_string_literal: true

require_relative "../option_table"

module MailRoom
  module OptionTables
    MATCHING = OptionTable.new(
      :matching,
      title: "Matching options", scope: "matching",
      about: "`matching` of a mailbox: which messages are for the app. Without it, every message is delivered."
    ) do
      option :address, :text,
             "The mailbox's address, with `%{key}` for the part that the app fills in. An address without it can match " \
             "references only, and requires `gitlab_host`.",
             required: true
      option :gitlab_host, :text,
             "The host in the ids of the app's own mails, `<reply-KEY@host>`.",
             format: [/\A[^@\s,;:<>"()\0]+\z/, "must be a host name"], default_text: "none: references are not read"
      option :also_accept, :addresses,
             "More addresses of the app. `*` is any run of characters. `+verify` and `+<reply token>` before the `@` match, " \
             "too.",
             default: [], default_text: "none"
      option :auto_replies, :choice,
             "What is done with an automatic reply: `ignore` marks it like a delivered message and does not deliver it.",
             values: %w[ignore deliver], default: "ignore"
      option :bounces, :choice,
             "What is done with a report about a failed delivery: a `multipart/report` with an empty return path, to an address of the " \
             "mailbox. `ignore` marks it like a delivered message and does not deliver it. With `deliver` it may still be an automatic " \
             "reply.",
             values: %w[deliver ignore], default: "deliver"
      option :unmatched, :choice,
             "What is done with a message to an unknown address. `ignore` marks it like a delivered message. `reject` also " \
             "tells its sender, see {rejection}.",
             values: %w[deliver ignore reject], default: "deliver"
      option :dry_run, :boolean,
             "Whether decisions are only logged.",
             default: false
    end
  end
end
