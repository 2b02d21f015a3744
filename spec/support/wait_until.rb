# frozen_string_literal: true

# The one place where specs wait: for a condition, with a deadline. It is not a sleep: what comes true soon is noticed at once, and what
# takes long is noticed a twentieth later. Several processes wait side by side, and each look costs a server and us time.
module WaitUntil
  # A condition did not come true in time.
  class Timeout < StandardError; end

  # Seconds between two looks.
  SHORTEST = 0.01
  LONGEST = 0.1
  # Of the time waited so far.
  SHARE = 0.05
  private_constant :SHORTEST, :LONGEST, :SHARE

  module_function

  # Calls the block until it returns something truthy, and returns that.
  #
  # @param seconds [Numeric] the deadline
  # @param message [String, #call] what was waited for, or something that says so once the time is up
  # @raise [Timeout]
  def wait_until(seconds, message = "the condition")
    started = monotonic
    loop do
      looked = monotonic
      result = yield
      return result if result

      waited = monotonic - started
      raise Timeout, "waited #{seconds} s for #{message.respond_to?(:call) ? message.call : message}" if waited > seconds

      sleep([waited * SHARE, monotonic - looked].max.clamp(SHORTEST, LONGEST))
    end
  end

  def monotonic = Process.clock_gettime(Process::CLOCK_MONOTONIC)
  private_class_method :monotonic
end
