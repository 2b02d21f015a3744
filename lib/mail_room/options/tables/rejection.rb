# frozen_string_literal: true

require_relative "../option_table"

module MailRoom
  module OptionTables
    SMTP = OptionTable.new(
      :smtp,
      title: "SMTP options", scope: "rejection",
      about: "The options of `rejection` with `method: smtp`: the server that sends the notices, and what is in them."
    ) do
      option :address, :text,
             "The SMTP server.",
             default: "localhost", native: "by.host"
      option :port, :integer,
             "Its TCP port.",
             range: 1..65_535, default: 25, native: "by.port"
      option :tls, :boolean,
             "Whether the connection uses TLS from the first byte.",
             default: false, native: nil
      option :starttls, :any,
             "Whether STARTTLS is used. `true` requires it, `false` forbids it, `auto` uses it where the server offers it, " \
             "and requires it for a login.",
             native: nil, value_text: "true, false, auto", default_text: "auto"
      option :ssl, :options,
             "See {tls}.",
             table: :tls, default: {}, native: nil
      option :user_name, :text,
             "The login. Requires `password`.",
             native: "by.username"
      option :password, :string,
             "The password of `user_name`.",
             secret: true, native: "by.password"
      option :domain, :text,
             "The name in EHLO.",
             native: nil, default_text: "the name of this machine"
      option :from, :text,
             "The sender of the notices: an address, or `Name <address>`.",
             native: nil, default_text: "the mailbox's email"
      option :template, :path,
             "File with the text, in UTF-8, at most 64 KiB. It may use `%{subject}`, `%{reason}` and `%{mailbox}`.",
             native: nil, default_text: "a built-in text"
      option :timeout, :integer,
             "How long the server may take to accept a notice.",
             range: 1..600, unit: "seconds", default: 30, native: "by.timeout"
    end

    REJECTION = OptionTable.new(
      :rejection,
      title: "Rejection options", scope: "rejection",
      about: "`rejection` of a mailbox: how senders are notified if `matching` has `unmatched: reject`."
    ) do
      option :method, :any,
             "`smtp` sends a notice. `klass` calls the app's own class.",
             native: nil, value_text: "smtp, klass", default_text: "klass if there is one, else smtp"
      option :klass, :any,
             "A class, or its name, with an instance method `reject(raw, match)`. A truthy answer means that the sender was " \
             "told.",
             native: nil, value_text: "class, or its name"
      option :max_per_sender, :integer,
             "How many notices one sender gets within an hour.",
             range: 0..10_000, default: 10, native: "per_sender"
      option :max_per_hour, :integer,
             "How many notices all senders together get within an hour.",
             range: 0..10_000, default: 100, native: "in_all"
      include_table SMTP
    end
  end
end
