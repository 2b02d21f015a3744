# frozen_string_literal: true

require_relative "../native"
require_relative "log_file"
require_relative "program"
require_relative "redis"
require_relative "step"

module MailRoom
  module Check
    # The target of a mailbox's messages: whether it is there and accepts what we send. Delivers nothing.
    module Delivery
      HTTP_ANSWERS = "Delivery endpoint answers?"
      HTTP_CREDENTIALS = "Delivery endpoint takes our credentials?"
      HTTP_TEXTS = {
        "prepared" => [nil, "Correct delivery_options"],
        "answered" => [HTTP_ANSWERS, "Check delivery_url, and that the app runs"]
      }.freeze
      POSTGRES_TEXTS = {
        "connected" => ["PostgreSQL can be reached?", "Check host, port, username, password, database and sslmode in delivery_options"],
        "writable" => ["PostgreSQL takes writes?", "Point host to the primary"],
        "table" => ["Table que_jobs takes jobs?", "Run que's migrations in this database, and GRANT INSERT on que_jobs"]
      }.freeze
      private_constant :HTTP_ANSWERS, :HTTP_CREDENTIALS, :HTTP_TEXTS, :POSTGRES_TEXTS

      class << self
        # @param mailbox [Mailbox]
        # @return [Array<Step>]
        def steps(mailbox)
          native = mailbox.to_native["delivery"]
          case native["method"]
          when "sidekiq" then Redis.steps(native["redis"], { "jobs" => native.slice("namespace", "queue") }, "Sidekiq", "delivery_options")
          when "postback" then http(native)
          when "que" then Report.new(Native.check_postgres(native), "que", POSTGRES_TEXTS).steps
          when "command" then Program.steps(native["command"])
          when "logger" then LogFile.writable("delivery.log", "Messages can be written?", native["log_path"])
          else []
          end
        end

        private

        def http(native)
          Report.new(Native.check_http(native), "postback", HTTP_TEXTS).steps do |name, facts, took|
            name == "answered" ? answered(facts["status"], took, native) : nil
          end
        end

        # Nothing is posted. Not every endpoint supports HEAD.
        def answered(status, took, native)
          case status
          when 401, 403, 407 then refused(status, took, native)
          when 404 then unclear(status, took)
          when 300..399 then Step.failed("postback.answered", HTTP_ANSWERS, "it redirects (#{status})",
                                         "Set delivery_url to the address that it redirects to", took_ms: took)
          when 500..599 then broken(status, took)
          else [answers(status, took), Step.ok("postback.credentials", HTTP_CREDENTIALS)]
          end
        end

        def answers(status, took)
          Step.ok("postback.answered", HTTP_ANSWERS, "HEAD: #{status}", took_ms: took)
        end

        def refused(status, took, native)
          fix = if native["jwt"]
                  "Check that jwt_secret_path (#{native["jwt"]["secret_path"]}) holds the same secret as the app's, and jwt_issuer"
                else
                  "Check delivery_token, or username and password"
                end
          [answers(status, took),
           Step.failed("postback.credentials", HTTP_CREDENTIALS, "it answers #{status}", fix)]
        end

        def unclear(status, took)
          Step.warning("postback.answered", HTTP_ANSWERS, "it answers HEAD with #{status}: an app may do so although it accepts posts",
                       "Check the path of delivery_url", took_ms: took)
        end

        def broken(status, took)
          return unclear(status, took) if status == 501

          Step.failed("postback.answered", HTTP_ANSWERS, "it answers #{status}", "See the app's log, and whether it runs", took_ms: took)
        end
      end
    end
  end
end
