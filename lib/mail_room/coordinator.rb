# frozen_string_literal: true

require_relative "mailbox_watcher"
require_relative "progress"
require_relative "watch"
require_relative "watch/watched_twice"

module MailRoom
  # Watches several mailboxes, all of them on one native runtime: no thread per mailbox. Without any mailbox it waits to be
  # told to quit, as it does with them.
  class Coordinator
    # Seconds without progress after which a mailbox is given up that is to be worked through once.
    GIVE_UP_AFTER = 60

    # @return [Array<MailboxWatcher>] one for each mailbox
    attr_accessor :watchers
    # @return [Boolean] whether {#run} is running
    attr_reader :running
    alias running? running

    # @param mailboxes [Array<Mailbox>]
    def initialize(mailboxes)
      WatchedTwice.warn_about(mailboxes)
      @watchers = mailboxes.map { |mailbox| MailboxWatcher.new(mailbox) }
      @running = false
      @quit = false
    end

    # Watches until {#quit}, or `running = false`. Blocks; other Ruby threads go on. When the thread is killed or raised
    # into, what is in flight is finished first.
    #
    # With `once`, works through what is in the mailboxes and returns. A message whose delivery failed is tried again until its
    # fate is decided; a mailbox is given up when its server refuses us, and when nothing got on in it for `give_up_after`
    # seconds: the target or the server is down, or somebody else has claimed what is left.
    #
    # @param once [Boolean]
    # @param give_up_after [Integer] from 1
    # @param manager [Hash, nil] the service manager that is told how we are, see {ServiceManager}
    # @return [Progress, nil] with `once`, how far it got; nil also if {#quit} came before
    # @raise [ConfigurationError]
    def run(once: false, give_up_after: GIVE_UP_AFTER, manager: nil)
      return if @quit

      watch = @watch = Watch.new(watchers.map(&:mailbox), once: (give_up_after if once), manager: manager)
      watchers.each { |watcher| watcher.watched_by(watch) }
      @running = true
      # A quit that came while the watch was being made.
      watch.quit if @quit
      watch.run
      progress if once
    ensure
      @running = false
      @quit = false
    end

    # @return [Progress] how far the mailboxes have got; callable from any thread, also while {#run} runs
    def progress
      Progress.new(watchers.map(&:mailbox), @watch&.progress || [])
    end

    # Makes {#run} return, within 25 seconds: what is in flight is finished. When nothing runs, the next {#run} returns at
    # once. Callable from any thread and in a trap.
    def quit
      @quit = true
      @watch&.quit
      nil
    end

    # @param value [Boolean] false makes {#run} return, like {#quit}
    def running=(value)
      quit unless value
    end
  end
end
