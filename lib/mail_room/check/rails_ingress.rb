# frozen_string_literal: true

require_relative "../native"
require_relative "step"

module MailRoom
  module Check
    # The relay ingress of Rails' Action Mailbox. It is sent an empty post of another media type than a mail's, which it answers with 415
    # once it has looked at the password, and stores nothing.
    module RailsIngress
      ANSWERS = "Relay ingress of Rails answers?"
      CREDENTIALS = "Relay ingress of Rails takes our password?"
      TEXTS = { "prepared" => [nil, "Correct delivery_options"],
                "answered" => [ANSWERS, "Check url in delivery_options, and that the app runs"] }.freeze
      # What to do about an answer, by its status.
      FIXES = {
        403 => "Add the host of url to config.hosts in the app's config/environments/production.rb",
        404 => "Set config.action_mailbox.ingress = :relay in the app's config/environments/production.rb, and check url",
        500 => "See the app's log: action_mailbox.ingress_password is missing in its credentials, perhaps"
      }.freeze
      private_constant :ANSWERS, :CREDENTIALS, :TEXTS, :FIXES

      class << self
        # @param native [Hash{String=>Object}] for the native library
        # @return [Array<Step>]
        def steps(native)
          Report.new(Native.check_http(native), "action_mailbox", TEXTS).steps do |name, facts, took|
            answered(facts["status"], took) if name == "answered"
          end
        end

        private

        def answered(status, took)
          answers = Step.ok("action_mailbox.answered", ANSWERS, took_ms: took)
          case status
          when 415 then [answers, Step.ok("action_mailbox.credentials", CREDENTIALS)]
          when 401
            [answers, Step.failed("action_mailbox.credentials", CREDENTIALS, "it answers 401",
                                  "Set password, or RAILS_INBOUND_EMAIL_PASSWORD, to action_mailbox.ingress_password in the app's " \
                                  "credentials")]
          else
            Step.failed("action_mailbox.answered", ANSWERS, "it answers #{status}",
                        FIXES.fetch(status, "Check that url is the app's address, or that of its relay ingress"), took_ms: took)
          end
        end
      end
    end
  end
end
