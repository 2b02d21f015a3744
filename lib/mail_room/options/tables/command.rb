# frozen_string_literal: true

require_relative "../option_table"

module MailRoom
  module OptionTables
    COMMAND = OptionTable.new(
      :command,
      title: "delivery_options: command", scope: "delivery_options", chosen_by: { delivery_method: "command" },
      about: "Runs a program for each message, which reads it from its standard input, as programs for fetchmail and getmail do. Exit " \
             "status 0 means delivered. 75 (EX_TEMPFAIL) means that the program cannot take any message now: mail_room pauses and " \
             "tries again. Any other status counts against the message, and so does a signal other than SIGHUP, SIGINT and SIGTERM, " \
             "with which somebody ends the program. What the program writes to standard output is dropped. The program sees only " \
             "PATH, HOME, USER, LOGNAME, SHELL, LANG, TZ, TMPDIR and MAIL_ROOM_IDEMPOTENCY_KEY, which is the same for each try of a " \
             "message."
    ) do
      option :command, :command,
             "The program and its arguments. No shell looks at them.",
             required: true
      option :timeout, :integer,
             "How long the program may take for one message. It is killed after that, with all it has started.",
             range: 1..3600, unit: "seconds", default: 60
      option :concurrency, :integer,
             "How many programs may run at the same time.",
             range: 1..64, default: 1
    end
  end
end
