# frozen_string_literal: true

require_relative "destination"
require_relative "step"

module MailRoom
  module Check
    # What is known of a mailbox beside whether it can be opened: how many messages wait, how full it is, and the folders that messages
    # are moved to.
    #
    # @api private
    class Folders
      # Waiting messages that are more than a busy night leaves.
      MANY = 500
      # Percent of a quota that are too many.
      FULL = 90
      private_constant :MANY, :FULL

      # @param mailbox [Mailbox]
      # @param prefix [String] the first part of the steps' ids
      def initialize(mailbox, prefix)
        @mailbox = mailbox
        @prefix = prefix
        @destinations = Destination::KEYS.to_h { |key| [key, Destination.new(mailbox, key)] }
      end

      # @return [Hash{String=>(String, String)}] question and fix of the steps
      def texts
        { **@destinations.transform_values(&:texts), "quota" => ["Mailbox has room?", "Make room in the mailbox"] }
      end

      # @return [Step, String, nil] the step of a success, or its detail
      def said(name, facts, took)
        case name
        when "quota" then quota(facts)
        when *Destination::KEYS then @destinations[name].step("#{@prefix}.#{name}", facts, took)
        when "unread" then many(facts["unread"], took)
        end
      end

      private

      def many(count, took)
        return if count <= MANY || @mailbox.first_run?

        Step.warning("#{@prefix}.unread", "Waiting messages can be counted?", "#{count} wait: all of them are delivered at the first start",
                     "Set since to the day of the oldest message that is for the app, if that is not meant", took_ms: took)
      end

      def quota(facts)
        detail = "#{facts["percent"]} % of #{facts["resource"]} used"
        return detail if facts["percent"] < FULL

        Step.warning("#{@prefix}.quota", texts["quota"].first, "#{detail}: soon the server takes no more mail",
                     "Remove or archive old messages, or raise the quota")
      end
    end
  end
end
