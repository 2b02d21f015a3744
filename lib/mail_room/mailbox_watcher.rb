# frozen_string_literal: true

require_relative "watch"

module MailRoom
  # Watches one mailbox in a thread of its own. For several mailboxes there is {Coordinator}.
  class MailboxWatcher
    # @return [Mailbox]
    attr_reader :mailbox
    # @return [Thread, nil] the thread that waits while the mailbox is watched; nil below a {Coordinator}
    attr_reader :watching_thread

    # @param mailbox [Mailbox]
    def initialize(mailbox)
      @mailbox = mailbox
    end

    # Starts watching and returns.
    #
    # @return [Thread]
    # @raise [ConfigurationError]
    def run
      return watching_thread if watching_thread&.alive?

      watch = @watch = Watch.new([mailbox])
      @watching_thread = Thread.new { watch.run }
      # A watcher that ends by an error must not end unnoticed.
      @watching_thread.abort_on_exception = true
      @watching_thread
    end

    # @return [Boolean] whether the mailbox is being watched, by this watcher or by its coordinator
    def running?
      watching_thread&.alive? || @coordinated&.running? || false
    end

    # Stops what {#run} started and waits for its end, at most some 25 seconds. A coordinator is stopped by its own quit.
    def quit
      @watch&.quit
      @watching_thread&.join
      nil
    end

    # @api private
    # @param watch [Watch] what a {Coordinator} watches this mailbox with, among others
    def watched_by(watch)
      @coordinated = watch
    end
  end
end
