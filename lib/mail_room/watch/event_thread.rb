# frozen_string_literal: true

require_relative "../output/bounded_output"
require_relative "served_thread"

module MailRoom
  # Publishes what happens through ActiveSupport::Notifications, if the app has loaded it: `deliver.mail_room` (`result`, `duration_s`),
  # `set_aside.mail_room`, `connection.mail_room` (`state`, and if it ended `reason` and `error`). Each payload has `mailbox` and `email`.
  # No mailbox waits for a slow subscriber: of what waits, the native library keeps 1,000 events and drops the rest.
  #
  # @api private
  class EventThread < ServedThread
    # @return [Boolean] whether the app can be told
    def self.wanted? = defined?(ActiveSupport::Notifications) ? true : false

    # @param native [Native::Supervisor]
    def initialize(native)
      super(native, nil)
    end

    private

    def name = "mail_room events"

    def serve
      while (events, dropped = @native.next_events)
        complain("#{dropped} events were dropped: a subscriber is too slow") if dropped.positive?
        events.each { |event| publish(event) }
      end
    end

    def publish(event)
      ActiveSupport::Notifications.instrument("#{event[:name]}.mail_room", event[:payload].transform_keys(&:to_sym))
    rescue StandardError => e
      complain("a subscriber of #{event[:name]}.mail_room raised #{e.class}")
    end

    # Once for each reason.
    def complain(what)
      key = what.delete("0-9")
      return if (@complaints ||= {}).key?(key)

      @complaints[key] = true
      BoundedOutput.say($stderr, "mail_room: #{what}")
    end
  end
end
