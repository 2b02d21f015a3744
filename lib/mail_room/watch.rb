# frozen_string_literal: true

require_relative "errors"
require_relative "native"
require_relative "watch/event_thread"
require_relative "watch/served_thread"

module MailRoom
  # Loaded on first use: few applications have code of their own called.
  autoload :HookThread, File.expand_path("watch/hook_thread", __dir__)
  autoload :LogThread, File.expand_path("watch/log_thread", __dir__)

  # Runs the native library's supervisor and the Ruby threads that serve it: one for each mailbox with code of the app's own, and one for
  # each logger object. {Coordinator} and {MailboxWatcher} use it.
  #
  # @api private
  class Watch
    # How many seconds a thread has to end by itself, after everything else has ended.
    THREAD_STOP_TIMEOUT = 2
    private_constant :THREAD_STOP_TIMEOUT

    # @param mailboxes [Array<Mailbox>]
    # @param once [Integer, nil] work through the present messages and end; a mailbox without progress for this many seconds is given up
    # @param manager [Hash, nil] the service manager to notify, see {ServiceManager}
    # @raise [ConfigurationError]
    def initialize(mailboxes, once: nil, manager: nil)
      logged = mailboxes.select(&:logger_object).uniq { |mailbox| mailbox.logger_object.__id__ }
      @native = supervisor(mailboxes, logged, { "once" => once, "manager" => manager, "events" => EventThread.wanted? })
      @threads = [*hook_threads(mailboxes), *log_threads(logged), *(EventThread.new(@native) if EventThread.wanted?)]
    end

    # Watches until {#quit}, or until every mailbox is worked through. Blocks this thread only. If the thread is killed or an exception is
    # raised in it, the messages in flight are finished first.
    #
    # @yield when it is running
    # @raise [ConfigurationError] also if the system refuses threads
    def run
      # Ruby handles signals in a thread that waits in Ruby. The other threads wait in the native library.
      signals = Thread.new { sleep }
      @threads.each(&:start)
      @native.start
      yield if block_given?
      @threads.each(&:restart) until @native.wait
    rescue ThreadError => e
      raise ConfigurationError, "cannot start threads: #{e.message}; raise the limit of processes for this user or service " \
                                "(ulimit -u, TasksMax, pids.max)", cause: nil
    ensure
      @native.quit
      ServedThread.stop(@threads, THREAD_STOP_TIMEOUT)
      signals&.kill&.join
    end

    # Makes {#run} return. Callable from any thread and in a trap.
    def quit
      @native.quit
    end

    # @return [Array<Hash>] the progress of each mailbox, see {Progress}
    def progress
      @native.progress
    end

    # @param server [Native::HealthServer] answers about this watch from now on
    def monitored_by(server)
      server.monitor(@native)
    end

    def running?
      @native.running?
    end

    private

    def supervisor(mailboxes, logged, settings)
      numbers = logged.each_with_index.to_h { |mailbox, number| [mailbox.logger_object.__id__, number] }
      Native::Supervisor.new(mailboxes.map { |mailbox| mailbox.to_watch(numbers[mailbox.logger_object.__id__]) }, settings)
    end

    def log_threads(logged)
      logged.each_with_index.map { |mailbox, number| LogThread.new(@native, number, mailbox.logger, mailbox.logger_object) }
    end

    def hook_threads(mailboxes)
      mailboxes.each_with_index.select { |mailbox, _| mailbox.hook? }.map { |mailbox, number| HookThread.new(@native, number, mailbox) }
    end
  end
end
