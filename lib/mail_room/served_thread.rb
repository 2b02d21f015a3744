# frozen_string_literal: true

module MailRoom
  # A Ruby thread that fetches work from the compiled library until there is no more. It may die of the work, of
  # Thread#kill, of anything: whoever waits for the supervisor is told, and starts it anew.
  #
  # @api private
  class ServedThread
    # @param native [Native::Supervisor]
    # @param number [Integer] whose work it is
    def initialize(native, number)
      @native = native
      @number = number
    end

    # Starts it.
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
    def restart
      start unless @thread.alive? || @done
    end

    # Waits for it to end by itself, then ends it.
    # @param seconds [Numeric]
    def stop(seconds)
      return if @thread.nil? || @thread == Thread.current || @thread.join(@done ? nil : seconds)

      @thread.kill
      @thread.join(seconds)
    end
  end
end
