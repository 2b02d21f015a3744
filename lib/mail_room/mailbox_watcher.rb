# frozen_string_literal: true

require "mail_room/native"

module MailRoom
  # Watches one mailbox in a thread of its own. For several mailboxes there is {Coordinator}.
  class MailboxWatcher
    # @return [Mailbox]
    attr_reader :mailbox
    # @return [Thread, nil] the thread that waits while the mailbox is watched
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
      @supervisor = supervisor = Native::Supervisor.new([mailbox.to_watch])
      @watching_thread = Thread.new { supervisor.run }
    end

    def running?
      @watching_thread&.alive? || false
    end

    # Stops watching and waits for its end, at most some 25 seconds.
    def quit
      @supervisor&.quit
      @watching_thread&.join
      nil
    end
  end
end
