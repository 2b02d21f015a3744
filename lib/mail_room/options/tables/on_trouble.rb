# frozen_string_literal: true

require_relative "../option_table"

module MailRoom
  module OptionTables
    ON_TROUBLE = OptionTable.new(
      :on_trouble,
      title: "Trouble options", scope: "on_trouble",
      about: "`on_trouble` of a mailbox: who is told of trouble, either `url` or `command`. There is one notice when the mailbox has " \
             "been in trouble for `after` seconds (no connection, or the target is down), one when it works again, and one for each " \
             "message that is set aside, at most ten an hour. Each is a JSON object with `event` (`trouble`, `recovered`, `set_aside`), " \
             "`mailbox`, `time`, `text` and, where there is one, `error`, `uid` and `others`: how many more messages were set aside. A " \
             "notice that is not taken is sent again, also when mail_room stops, for 5 seconds at most."
    ) do
      option :url, :text,
             "Notices are posted to this address, `http` or `https`. 2xx means that they are taken.",
             secret: true, format: [%r{\Ahttps?://[^/\s]}i, "must begin with http:// or https://"]
      option :command, :command,
             "A program that reads a notice from its standard input, and its arguments. No shell looks at them. 0 means that it is " \
             "taken. It is killed after 30 seconds and sees the same environment as the delivery by command."
      option :after, :integer,
             "How long trouble lasts before there is a notice.",
             range: 1..86_400, unit: "seconds", default: 900
    end
  end
end
