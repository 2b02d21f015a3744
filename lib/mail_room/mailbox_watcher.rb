# frozen_string_literal: true

require_relative "watch"

module MailRoom
  # Watches one mailbox in a thread of its own. {Coordinator} watches several.
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
      # An error that ends the watcher must not go unnoticed.
      @watching_thread.abort_on_exception = true
      @watching_thread
    end

    # @return [Boolean] whether the mailbox is being watched, by this watcher or by its coordinator
    def running?
      watching_thread&.alive? || @coordinated&.running? || false
    end

    # Stops the thread of {#run} and waits until it ends, about 25 seconds at most. Does not stop a coordinator.
    def quit
      @watch&.quit
      @watching_thread&.join
      nil
    end

    # @api private
    # @param watch [Watch] of the {Coordinator} that watches this mailbox
    def watched_by(watch)
      @coordinated = watch
    end
  end
end
