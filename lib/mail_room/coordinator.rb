# frozen_string_literal: true

require_relative "health_check"
require_relative "mailbox_watcher"
require_relative "progress"
require_relative "watch"
require_relative "watch/watched_twice"

module MailRoom
  # Watches several mailboxes on one native runtime, without a thread for each. Without any mailbox, it waits for {#quit} all the same.
  class Coordinator
    # With `once`: how many seconds a mailbox may be without progress before it is given up.
    GIVE_UP_AFTER = 60

    # @return [Array<MailboxWatcher>] one for each mailbox
    attr_accessor :watchers
    # @return [Boolean] whether {#run} is running
    attr_reader :running
    alias running? running

    # @return [HealthCheck, nil]
    attr_reader :health_check

    # @param mailboxes [Array<Mailbox>]
    # @param health_check [HealthCheck, #run, nil] runs while the mailboxes are watched. An object of the app's own has `run`, which
    #   returns, and `quit`, which may be called more than once
    def initialize(mailboxes, health_check = nil)
      WatchedTwice.warn_about(mailboxes)
      @health_check = health_check
      @watchers = mailboxes.map { |mailbox| MailboxWatcher.new(mailbox) }
      @running = false
      @entered = false
      @quit = false
    end

    # Watches until {#quit}, or `running = false`. Blocks this thread only. If the thread is killed or an exception is raised in it, the
    # messages in flight are finished first.
    #
    # With `once`, works through the messages in the mailboxes and returns. A failed delivery is retried until the message is delivered or
    # set aside. A mailbox is given up if its server refuses the login, or after `give_up_after` seconds without progress: the target or
    # the server is down, or another process has claimed the remaining messages.
    #
    # @param once [Boolean]
    # @param give_up_after [Integer] from 1
    # @param manager [Hash, nil] the service manager to notify, see {ServiceManager}
    # @return [Progress, nil] with `once`, the result; nil if {#quit} was called before
    # @raise [ConfigurationError]
    def run(once: false, give_up_after: GIVE_UP_AFTER, manager: nil)
      return if @quit

      @entered = true
      # First: a probe need not wait for mail servers.
      health_check&.run
      watch = @watch = Watch.new(watchers.map(&:mailbox), once: (give_up_after if once), manager: manager)
      health_check.watch(watch) if health_check.is_a?(HealthCheck)
      watchers.each { |watcher| watcher.watched_by(watch) }
      # {#quit} may have been called while the watch was created.
      watch.quit if @quit
      watch.run { @running = true }
      progress if once
    ensure
      @running = @entered = false
      @quit = false
      # Last: a probe is answered until the messages in flight are finished.
      health_check&.quit
    end

    # @return [Progress] of the mailboxes. Can be called from any thread, also during {#run}.
    def progress
      Progress.new(watchers.map(&:mailbox), @watch&.progress || [])
    end

    # Makes {#run} return within 25 seconds: the messages in flight are finished. If nothing runs, the next {#run} returns at once. Can be
    # called from any thread and from a signal handler.
    def quit
      @quit = true
      @watch&.quit
      # Else the end of {#run} does it.
      health_check&.quit unless @entered
      nil
    end

    # @param value [Boolean] false makes {#run} return, like {#quit}
    def running=(value)
      quit unless value
    end
  end
end
