# frozen_string_literal: true

require_relative "../native"
require_relative "step"

module MailRoom
  module Check
    # The HTTP endpoint that messages are posted to. Nothing is posted: HEAD is asked, which an endpoint need not have.
    module Http
      ANSWERS = "Delivery endpoint answers?"
      CREDENTIALS = "Delivery endpoint takes our credentials?"
      CLOCK = "Clock agrees with that of the delivery endpoint?"
      TEXTS = { "prepared" => [nil, "Correct delivery_options"],
                "answered" => [ANSWERS, "Check delivery_url, and that the app runs"] }.freeze
      # Seconds by which the clocks may differ.
      SKEW = 30
      private_constant :ANSWERS, :CREDENTIALS, :CLOCK, :TEXTS, :SKEW

      class << self
        # @param native [Hash{String=>Object}] for the native library
        # @return [Array<Step>]
        def steps(native)
          Report.new(Native.check_http(native), "postback", TEXTS).steps do |name, facts, took|
            [answered(facts["status"], took, native), clock(facts["clock_ahead"], native)].flatten if name == "answered"
          end
        end

        # @return [Step] when nothing says where messages are posted to
        def no_address
          Step.warning("postback.answered", ANSWERS, "delivery_url is not set: watching does not start without it",
                       "Set delivery_url (external_url in gitlab.rb)", answer: "no")
        end

        private

        def answered(status, took, native)
          case status
          when 401, 403, 407 then refused(status, took, native)
          when 404 then unclear(status, took)
          when 300..399 then Step.failed("postback.answered", ANSWERS, "it redirects (#{status})",
                                         "Set delivery_url to where it redirects to", took_ms: took)
          when 500..599 then broken(status, took)
          else [answers(status, took), Step.ok("postback.credentials", CREDENTIALS)]
          end
        end

        def answers(status, took)
          Step.ok("postback.answered", ANSWERS, "HEAD: #{status}", took_ms: took)
        end

        def refused(status, took, native)
          fix = if native["jwt"]
                  "Check that jwt_secret_path (#{native["jwt"]["secret_path"]}) holds the same secret as the app's, and jwt_issuer"
                else
                  "Check delivery_token, or username and password"
                end
          [answers(status, took),
           Step.failed("postback.credentials", CREDENTIALS, "it answers #{status}", fix)]
        end

        def unclear(status, took)
          Step.warning("postback.answered", ANSWERS, "it answers HEAD with #{status}: an app may do so where it takes posts",
                       "Check the path of delivery_url", took_ms: took)
        end

        def broken(status, took)
          return unclear(status, took) if status == 501

          Step.failed("postback.answered", ANSWERS, "it answers #{status}", "See the app's log, and whether it runs", took_ms: took)
        end

        # A token tells when it was issued, and may tell when it expires.
        def clock(ahead, native)
          return [] if native["jwt"].nil? || ahead.nil?
          return [Step.ok("postback.clock", CLOCK)] if ahead.abs <= SKEW

          [Step.warning("postback.clock", CLOCK, "ours is #{ahead.abs} s #{ahead.positive? ? "behind" : "ahead"}: it may take our tokens " \
                                                 "for expired, or for issued in the future",
                        "Synchronise both clocks (NTP)", answer: "no")]
        end
      end
    end
  end
end
