# frozen_string_literal: true

module MailRoom
  # The progress of mailboxes at one moment.
  class Progress
    # One mailbox. `state` is `starting`, `disconnected`, `working`, `paused` (the target is down), `idle`, `finished` or `given_up`.
    # `bounced` counts the `ignored` messages that were reports about failed deliveries, `elsewhere` the messages that another process
    # delivered, `left` those that remain. `trouble` is the last error.
    #
    # `state_seconds` says how long it has been in this state. `connects`, `disconnects` and `pauses` (the target was down) count.
    # `target_down` says whether the target was down at the last attempt, `last_hour` how many messages were decided in the last hour.
    # Times are in seconds since 1970, or nil: `last_connect`, `last_message`, `waiting_since` (when the oldest waiting message
    # arrived, else since when some messages have been waiting all the time), `token_expires`, `certificate_expires` (the mail
    # server's), `target_certificate_expires`.
    Mailbox = Struct.new(:title, :state, :delivered, :ignored, :bounced, :rejected, :set_aside, :elsewhere, :left, :trouble, :state_seconds,
                         :connects, :disconnects, :pauses, :target_down, :last_connect, :last_message, :waiting_since, :last_hour,
                         :token_expires, :certificate_expires, :target_certificate_expires, keyword_init: true) do
      # @return [Boolean] whether it was worked through
      def finished? = state == "finished"
    end

    # @return [Array<Mailbox>]
    attr_reader :mailboxes

    # @param mailboxes [Array<MailRoom::Mailbox>]
    # @param snapshots [Array<Hash>] of the native library, in the same order; none before it runs
    def initialize(mailboxes, snapshots)
      @mailboxes = mailboxes.zip(snapshots).map do |mailbox, snapshot|
        Mailbox.new(title: mailbox.title, state: "starting", delivered: 0, ignored: 0, bounced: 0, rejected: 0, set_aside: 0, elsewhere: 0,
                    left: 0, state_seconds: 0, connects: 0, disconnects: 0, pauses: 0, target_down: false, last_hour: 0,
                    **(snapshot || {}).transform_keys(&:to_sym))
      end
    end

    %i[delivered ignored rejected set_aside elsewhere left].each do |counter|
      define_method(counter) { mailboxes.sum(&counter) }
    end

    # @return [Integer] messages that are done with
    def done = delivered + ignored + rejected + set_aside + elsewhere

    # @return [Integer] messages that were found
    def total = done + left

    # @return [Array<Mailbox>] those that could not be worked through
    def unfinished = mailboxes.reject(&:finished?)

    # @return [Boolean] whether nothing was set aside, and every mailbox was worked through
    def success? = set_aside.zero? && unfinished.empty?
  end
end
