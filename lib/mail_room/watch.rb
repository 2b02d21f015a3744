# frozen_string_literal: true

require_relative "errors"
require_relative "native"
require_relative "watch/hook_thread"
require_relative "watch/log_thread"

module MailRoom
  # Mailboxes being watched: the compiled library's supervisor, and beside it the Ruby threads that serve it, one for each
  # mailbox with code of the app's own and one for each logger object. Below {Coordinator} and {MailboxWatcher}.
  #
  # @api private
  class Watch
    # Seconds that a thread has to end by itself once everything else has: it has nothing more to do.
    LAST_WORDS = 2
    private_constant :LAST_WORDS

    # @param mailboxes [Array<Mailbox>]
    # @param once [Integer, nil] work through what is there and end; give a mailbox up in which nothing got on for so many seconds
    # @param manager [Hash, nil] the service manager that is told how we are, see {ServiceManager}
    # @raise [ConfigurationError]
    def initialize(mailboxes, once: nil, manager: nil)
      logged = mailboxes.select(&:logger_object).uniq { |mailbox| mailbox.logger_object.__id__ }
      numbers = logged.each_with_index.to_h { |mailbox, number| [mailbox.logger_object.__id__, number] }
      @native = Native::Supervisor.new(mailboxes.map { |mailbox| mailbox.to_watch(numbers[mailbox.logger_object.__id__]) },
                                       { "once" => once, "manager" => manager })
      @logs = logged.each_with_index.map do |mailbox, number|
        LogThread.new(@native, number, mailbox.logger, mailbox.logger_object)
      end
      @hooks = mailboxes.each_with_index.select { |mailbox, _| mailbox.hook? }.map do |mailbox, number|
        HookThread.new(@native, number, mailbox)
      end
    end

    # Watches until {#quit}, or until all is worked through. Blocks; other Ruby threads go on. When the thread is killed or
    # raised into, what is in flight is finished first.
    #
    # @raise [ConfigurationError] also if the system gives no threads
    def run
      threads = [*@hooks, *@logs]
      # Ruby takes note of signals in a thread that sleeps or waits in Ruby; all of ours wait outside of it.
      signals = Thread.new { sleep }
      threads.each(&:start)
      @native.start
      threads.each(&:restart) until @native.wait
    rescue ThreadError => e
      raise ConfigurationError, "cannot start threads: #{e.message}; raise the limit of processes for this user or service " \
                                "(ulimit -u, TasksMax, pids.max)", cause: nil
    ensure
      @native.quit
      ServedThread.stop(threads || [], LAST_WORDS)
      signals&.kill&.join
    end

    # Makes {#run} return. Callable from any thread and in a trap.
    def quit
      @native.quit
    end

    # @return [Array<Hash>] how far each mailbox has got, see {Progress}
    def progress
      @native.progress
    end

    def running?
      @native.running?
    end
  end
end
