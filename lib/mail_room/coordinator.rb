# frozen_string_literal: true

require "mail_room/mailbox_watcher"
require "mail_room/watch"

module MailRoom
  # Watches several mailboxes, all of them on one native runtime: no thread per mailbox. Without any mailbox it waits to be
  # told to quit, as it does with them.
  class Coordinator
    # @return [Array<MailboxWatcher>] one for each mailbox
    attr_accessor :watchers
    # @return [Boolean] whether {#run} is running
    attr_reader :running
    alias running? running

    # @param mailboxes [Array<Mailbox>]
    def initialize(mailboxes)
      @watchers = mailboxes.map { |mailbox| MailboxWatcher.new(mailbox) }
      @running = false
      @quit = false
    end

    # Watches until {#quit}, or `running = false`. Blocks; other Ruby threads go on. When the thread is killed or raised
    # into, what is in flight is finished first.
    #
    # @raise [ConfigurationError]
    def run
      return if @quit

      watch = @watch = Watch.new(watchers.map(&:mailbox))
      watchers.each { |watcher| watcher.watched_by(watch) }
      @running = true
      # A quit that came while the watch was being made.
      watch.quit if @quit
      watch.run
      nil
    ensure
      @running = false
      @quit = false
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
