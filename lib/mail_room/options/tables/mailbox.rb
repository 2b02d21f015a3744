# frozen_string_literal: true

require_relative "../option_table"

module MailRoom
  module OptionTables
    LOGGER = OptionTable.new(
      :logger,
      title: "Logger options", scope: "logger",
      about: "`logger` of a mailbox."
    ) do
      option :log_path, :any,
             "Where log lines go.",
             native: nil, value_text: "path, :stdout, :stderr or an IO", default_text: "nowhere"
    end

    MAILBOX = OptionTable.new(
      :mailbox,
      title: "A mailbox", scope: "a mailbox",
      about: "The options of an entry of `:mailboxes:`. An explicit null counts as given."
    ) do
      # The order of the rows is the order of the Struct's members: add a row at the end.
      option :email, :string,
             "The mailbox's user name.",
             required: true, single_line: true, shown: true
      option :password, :string,
             "The password of the login. Required without `auth`.",
             required: true, secret: true, single_line: true, only: { inbox_method: %w[imap] }, native: nil
      option :host, :string,
             "The IMAP server.",
             default: "imap.gmail.com", required: true, single_line: true, shown: true, only: { inbox_method: %w[imap] },
             native: nil
      option :port, :integer,
             "Its TCP port.",
             range: 1..65_535, default: 993, required: true, shown: true, only: { inbox_method: %w[imap] }, native: nil
      option :ssl, :boolean_or_options,
             "Whether the connection uses TLS from the first byte. A mapping means true, see {tls}.",
             default: true, table: :tls, native: nil
      option :start_tls, :boolean,
             "Whether STARTTLS is required. `ssl` has to be false or a mapping.",
             default: false, native: nil, only: { inbox_method: %w[imap] }
      option :limit_max_unread, :integer,
             "How many messages one pass handles. 0 means no limit.",
             range: 0.., default: 0, required: true, null: :default
      option :idle_timeout, :integer,
             "How long IDLE lasts before it is renewed, at most 1740.",
             range: 1.., unit: "seconds", default: 1740, required: true, null: :default, native: nil,
             only: { inbox_method: %w[imap] }
      option :search_command, :string,
             "The IMAP search program that finds messages.",
             default: "UNSEEN", required: true, native: nil, single_line: true, only: { inbox_method: %w[imap] }
      option :name, :string,
             "The folder. For microsoft_graph a well-known name, an id, a display name or a path.",
             required: true, single_line: true, shown: true
      option :inbox_method, :any,
             "The protocol.",
             default: "imap", shown: true, native: nil, value_text: "imap, microsoft_graph"
      option :inbox_options, :options,
             "See {graph}.",
             default: {}, native: nil, table: :graph, only: { inbox_method: %w[microsoft_graph] }
      option :delivery_klass, :any,
             "A class of the app's own. It has precedence over `delivery_method`.",
             native: nil, value_text: "class"
      option :delivery_method, :any,
             "Where messages are delivered.",
             default: "postback", shown: true, native: nil,
             value_text: "noop, logger, sidekiq, postback, letter_opener, que, action_mailbox, active_job, command, or a registered name"
      option :log_path, :path,
             "See {logger_delivery}.",
             native: nil, only: { delivery_method: %w[logger] }
      option :delivery_url, :string,
             "See {postback}.",
             native: nil, only: { delivery_method: %w[postback] }
      option :delivery_token, :string,
             "See {postback}.",
             secret: true, native: nil, only: { delivery_method: %w[postback] }
      option :content_type, :string,
             "See {postback}.",
             native: nil, only: { delivery_method: %w[postback] }
      option :location, :path,
             "See {letter_opener}.",
             native: nil, only: { delivery_method: %w[letter_opener] }
      option :delivery_options, :options,
             "See the tables of the deliveries below.",
             default: {}, native: nil, table: [:delivery_method]
      option :arbitration_klass, :any,
             "A class of the app's own. It has precedence over `arbitration_method`.",
             native: nil, value_text: "class"
      option :arbitration_method, :any,
             "What decides between several processes that watch the mailbox.",
             default: "noop", shown: true, native: nil, value_text: "noop, redis, or a registered name"
      option :arbitration_options, :options,
             "See {redis_arbitration}.",
             default: {}, native: nil, table: [:arbitration_method]
      option :delete_after_delivery, :boolean,
             "Whether a delivered message is also marked `\\Deleted`. With microsoft_graph it is deleted.",
             default: false, native: nil
      option :expunge_deleted, :boolean,
             "Whether messages that were deleted this way are expunged.",
             default: false, native: nil, only: { inbox_method: %w[imap] }
      option :logger, :logger,
             "See {logger}.",
             default: {}, native: nil, table: :logger
      option :max_message_size, :integer,
             "The size up to which messages are delivered. A larger message is set aside and not downloaded.",
             range: 1.., unit: "octets", default: 64 << 20, required: true
      option :max_delivery_attempts, :integer,
             "How many failed attempts a message has before it is set aside. A failure of the target does not count.",
             range: 1..0xFFFF_FFFF, default: 5, required: true
      option :failed_mailbox, :string,
             "The folder that messages set aside are moved to. It is created if it is missing.",
             single_line: true, default_text: "none: they stay where they are, flagged"
      option :matching, :mapping,
             "Which messages are for the app, see {matching}.",
             table: :matching, native: nil, default_text: "none: all messages"
      option :rejection, :mapping,
             "How the senders of unmatched messages are notified, see {rejection}.",
             table: :rejection, native: nil
      option :auth, :mapping,
             "A login with a token and not with a password, see {auth}.",
             table: :auth, native: nil, only: { inbox_method: %w[imap] }, elsewhere: :refused
      option :delivered_mailbox, :string,
             "The folder that messages are moved to after they were delivered or ignored. It is created if it is missing. Where they " \
             "cannot be moved, they stay, read. With microsoft_graph they are moved as they are, unread.",
             single_line: true, default_text: "none: they stay where they are"
      option :since, :since,
             "The first day of the messages that are handled: older ones are left alone, unread. The day is that on which the server " \
             "received a message (INTERNALDATE), in the time zone that the server writes it in (microsoft_graph: UTC); what the sender " \
             "wrote does not matter, and with microsoft_graph neither does when it was moved into the folder. Of a time, its day counts. " \
             "`first_run` leaves alone what is in the mailbox when it is watched first. It needs `arbitration_method: redis`, where " \
             "that is remembered.",
             native: nil, default_text: "none: all messages"
      option :on_trouble, :mapping,
             "Who is told when the mailbox is in trouble, see {on_trouble}.",
             table: :on_trouble, native: nil, default_text: "none: the log only"
    end
  end
end
