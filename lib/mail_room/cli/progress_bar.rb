# frozen_string_literal: true

require "io/console"
require_relative "../output/bounded_output"

module MailRoom
  # Draws the progress of mailboxes on one line of a terminal: messages, rate, time left.
  class ProgressBar
    # Seconds between two updates, and the columns of a terminal of unknown size.
    INTERVAL = 0.1
    COLUMNS = 80
    # How many seconds the rate is an average of.
    WINDOW = 5
    private_constant :INTERVAL, :COLUMNS, :WINDOW

    # @param terminal [IO]
    # @yieldreturn [Progress]
    def initialize(terminal, &progress)
      @terminal = terminal
      @progress = progress
      @looks = []
      @lock = Mutex.new
      @ended = ConditionVariable.new
      @over = false
    end

    # Draws while the block runs, and leaves the last line standing.
    # @return [Object] what the block returns
    def around
      drawing = Thread.new { draw_until_over }
      yield
    ensure
      @lock.synchronize do
        @over = true
        @ended.signal
      end
      drawing&.join
      draw
      write("\n")
    end

    private

    def draw_until_over
      @lock.synchronize do
        until @over
          draw
          @ended.wait(@lock, INTERVAL)
        end
      end
    end

    def draw
      progress = @progress.call
      write("\r#{line(progress)[0, columns - 1]}\e[K")
    end

    def line(progress)
      rate = rate(progress.done)
      numbers = " #{progress.done}/#{progress.total} messages, #{rate.round}/s, #{eta(progress, rate)}#{troubled(progress)}"
      "#{bar(progress, columns - numbers.size - 1)}#{numbers}"
    end

    def bar(progress, room)
      return "" if room < 12

      width = [room, 42].min - 2
      full = progress.total.zero? ? 0 : width * progress.done / progress.total
      "[#{"#" * full}#{" " * (width - full)}]"
    end

    # The rate of the last seconds predicts the time left best.
    def rate(done)
      now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      @looks << [now, done]
      @looks.shift while @looks.size > 2 && @looks[1].first < now - WINDOW
      seconds = now - @looks.first.first
      seconds.positive? ? (done - @looks.first.last) / seconds : 0
    end

    def eta(progress, rate)
      return "ETA 0:00" if progress.left.zero?
      return "ETA -:--" unless rate.positive?

      minutes, seconds = (progress.left / rate).ceil.divmod(60)
      hours, minutes = minutes.divmod(60)
      hours.zero? ? format("ETA %d:%02d", minutes, seconds) : format("ETA %d:%02d:%02d", hours, minutes, seconds)
    end

    def troubled(progress)
      waiting = progress.mailboxes.count { |mailbox| %w[disconnected paused given_up].include?(mailbox.state) }
      waiting.zero? ? "" : ", #{waiting} of #{progress.mailboxes.size} mailboxes in trouble"
    end

    def columns
      columns = @terminal.winsize.last
      columns.positive? ? columns : COLUMNS
    rescue SystemCallError
      COLUMNS
    end

    # A terminal that is gone or stopped must not hold up the work.
    def write(text)
      BoundedOutput.write(@terminal, text, within: 0)
    end
  end
end
