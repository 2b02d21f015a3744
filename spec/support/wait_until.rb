# frozen_string_literal: true

# The one place where specs wait: for a condition, with a deadline. It is not a sleep, a condition that holds is noticed at once.
module WaitUntil
  # A condition did not come true in time.
  class Timeout < StandardError; end

  INTERVAL = 0.01
  private_constant :INTERVAL

  module_function

  # Calls the block until it returns something truthy, and returns that.
  #
  # @param seconds [Numeric] the deadline
  # @param message [String, #call] what was waited for, or something that says so once the time is up
  # @raise [Timeout]
  def wait_until(seconds, message = "the condition")
    deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + seconds
    loop do
      result = yield
      return result if result

      if Process.clock_gettime(Process::CLOCK_MONOTONIC) > deadline
        raise Timeout, "waited #{seconds} s for #{message.respond_to?(:call) ? message.call : message}"
      end

      sleep INTERVAL
    end
  end
end
