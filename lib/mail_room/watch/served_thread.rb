# frozen_string_literal: true

module MailRoom
  # A Ruby thread that fetches work from the compiled library until there is no more. It may die of the work, of
  # Thread#kill, of anything: whoever waits for the supervisor is told, and starts it anew.
  #
  # @api private
  class ServedThread
    @left_behind = []

    class << self
      # Ends threads: waits for all of them together to end by themselves, then kills them.
      #
      # @param served [Array<ServedThread>]
      # @param seconds [Numeric] for each of the two
      def stop(served, seconds)
        running = served.filter_map(&:thread).reject { |thread| thread == Thread.current }
        running = still_alive(running, seconds)
        running.each(&:kill)
        ServedThread.left_behind(still_alive(running, seconds))
      end

      # Threads that hang in a system call that nothing interrupts. Ruby would wait for them at its end.
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
    # @param number [Integer] whose work it is
    def initialize(native, number)
      @native = native
      @number = number
    end

    # Starts it.
    # @raise [ThreadError] if the system gives no thread
    def start
      @thread = Thread.new do
        serve
        @done = true
      ensure
        @native.nudge
      end
      @thread.name = name
    end

    # Starts it anew if it died.
    # @raise [ThreadError] if the system gives no thread
    def restart
      start unless @thread.alive? || @done
    end
  end
end
