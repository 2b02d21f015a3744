# frozen_string_literal: true

require_relative "../native"
require_relative "http"
require_relative "log_file"
require_relative "program"
require_relative "rails_app"
require_relative "rails_ingress"
require_relative "redis"
require_relative "step"

module MailRoom
  module Check
    # Where the messages of a mailbox go: that the target is there and takes what comes from us. Delivers nothing.
    module Delivery
      POSTGRES_TEXTS = {
        "connected" => ["PostgreSQL can be reached?", "Check host, port, username, password, database and sslmode in delivery_options"],
        "writable" => ["PostgreSQL takes writes?", "Point host to the primary"],
        "table" => ["Table que_jobs takes jobs?", "Run que's migrations in this database, and GRANT INSERT on que_jobs"],
        "sequence" => ["Sequence of que_jobs gives numbers?", "GRANT USAGE on the sequence of que_jobs"]
      }.freeze
      private_constant :POSTGRES_TEXTS

      class << self
        # @param mailbox [Mailbox]
        # @return [Boolean] false if messages are to be posted, and nothing says where to
        def address?(mailbox)
          native = mailbox.to_native["delivery"]
          native["method"] != "postback" || !native["url"].to_s.empty?
        end

        # @param mailbox [Mailbox]
        # @return [Array<Step>]
        def steps(mailbox)
          return [Http.no_address] unless address?(mailbox)

          native = mailbox.to_native["delivery"]
          case native["method"]
          when "sidekiq" then Redis.steps(native["redis"], { "jobs" => native.slice("namespace", "queue") }, "Sidekiq", "delivery_options")
          when "postback" then native["endpoint"] == "action_mailbox" ? RailsIngress.steps(native) : Http.steps(native)
          when "que" then Report.new(Native.check_postgres(native), "que", POSTGRES_TEXTS).steps
          when "command" then Program.steps(native["command"], "delivery_options")
          when "logger" then LogFile.writable("delivery.log", "Messages can be written?", native["log_path"])
          else RailsApp.steps(mailbox)
          end
        end
      end
    end
  end
end
