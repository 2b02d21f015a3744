# frozen_string_literal: true

require_relative "../option_table"

module MailRoom
  module OptionTables
    QUE = OptionTable.new(
      :que,
      title: "delivery_options: que", scope: "delivery_options", chosen_by: { delivery_method: "que" },
      about: "Stores each message as a job in Que's table in PostgreSQL. The message's text is the job's only argument. The " \
             "`ssl` options and the environment variables have the meaning that libpq gives them. libpq's files (`~/.pgpass`, " \
             "`~/.postgresql`) are not read."
    ) do
      option :host, :text,
             "Host name, address, or the folder of the server's Unix socket.",
             default: "localhost", native: "database.host", shown: true
      option :port, :integer,
             "TCP port.",
             range: 1..65_535, default: 5432, native: "database.port", shown: true
      option :database, :text,
             "The database.",
             native: nil, shown: true, default_text: "PGDATABASE, else the username"
      option :username, :text,
             "The role.",
             native: nil, default_text: "PGUSER, else the user that mail_room runs as"
      option :password, :string,
             "The password of `username`.",
             secret: true, native: nil, default_text: "PGPASSWORD, else none"
      option :queue, :string,
             "The queue.",
             default: "", shown: true, default_text: "the empty name"
      option :priority, :integer,
             "The job's priority: lower numbers run first.",
             range: -32_768..32_767, default: 100, shown: true
      option :job_class, :text,
             "The class name of the job.",
             shown: true, default_text: "(required)"
      option :sslmode, :text,
             "How the connection is secured.",
             native: nil, shown: true, default_text: "PGSSLMODE, else prefer",
             value_text: "disable, allow, prefer, require, verify-ca, verify-full"
      option :sslrootcert, :path,
             "PEM file with certificate authorities, or `system`. With it, every mode verifies at least as much as verify-ca.",
             native: nil, default_text: "PGSSLROOTCERT, else the system's authorities"
      option :sslcert, :path,
             "PEM file with the client certificate. Requires `sslkey`.",
             native: nil, default_text: "PGSSLCERT, else none"
      option :sslkey, :path,
             "PEM file with the private key of `sslcert`.",
             native: nil, default_text: "PGSSLKEY, else none"
      option :connect_timeout, :integer,
             "How long a connection may take to be established.",
             range: 1..3600, unit: "seconds", default: 10, native: "database.connect_timeout"
      option :timeout, :integer,
             "How long a statement may take.",
             range: 1..3600, unit: "seconds", default: 10, native: "database.timeout"
    end
  end
end
