# frozen_string_literal: true

module MailRoom
  # A Ruby thread that fetches work from the native library until there is none left. If the thread dies, {Watch} is woken and starts it
  # again.
  #
  # @api private
  class ServedThread
    @left_behind = []

    class << self
      # Waits for the threads to end, then kills those that did not.
      #
      # @param served [Array<ServedThread>]
      # @param seconds [Numeric] the time for each of the two steps, for all threads together
      def stop(served, seconds)
        running = served.filter_map(&:thread).reject { |thread| thread == Thread.current }
        running = still_alive(running, seconds)
        running.each(&:kill)
        ServedThread.left_behind(still_alive(running, seconds))
      end

      # @return [Array<Thread>] threads that hang in a system call that cannot be interrupted. Ruby waits for them when it exits.
      def left_behind(threads = [])
        @left_behind = (@left_behind + threads).select(&:alive?)
      end

      private

      def still_alive(threads, seconds)
        deadline = now + seconds
        threads.reject { |thread| thread.join([deadline - now, 0].max) }
      end

      def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end

    # @return [Thread, nil]
    attr_reader :thread

    # @param native [Native::Supervisor]
    # @param number [Integer] the number of the mailbox or logger
    def initialize(native, number)
      @native = native
      @number = number
    end

    # Starts the thread.
    # @raise [ThreadError] if the system refuses one
    def start
      @thread = Thread.new do
        serve
        @done = true
      ensure
        @native.nudge
      end
      @thread.name = name
    end

    # Starts the thread again if it died.
    # @raise [ThreadError] if the system refuses one
    def restart
      start unless @thread.alive? || @done
    end
  end
end
