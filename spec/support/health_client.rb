# frozen_string_literal: true

require "net/http"

# Asks a health check as Kubernetes does: a new connection each time, and one second for all of it.
module HealthClient
  TIMEOUT = 1

  # Asks for /liveness again and again, in a thread of its own.
  class Probe
    PAUSE = 0.05

    def initialize(port)
      @answers = []
      @stop = false
      @thread = Thread.new do
        until @stop
          @answers << HealthClient.get(port, "/liveness")
          sleep PAUSE
        end
      end
    end

    # @return [Array] what was answered, in order; nil where nobody answered in time
    def stop
      @stop = true
      @thread.join
      @answers
    end
  end

  module_function

  # @return [Array(Integer, String), nil] status and body; nil if nobody answers in time
  def get(port, path, timeout: TIMEOUT)
    Timeout.timeout(timeout) do
      answer = Net::HTTP.new("127.0.0.1", port, nil).start { |http| http.get(path) }
      [answer.code.to_i, answer.body]
    end
  rescue SystemCallError, IOError, Timeout::Error
    nil
  end
end
