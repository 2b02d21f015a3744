# frozen_string_literal: true

require_relative "errors"
require_relative "native"
require_relative "options/coercion"
require_relative "options/tables/health_check"

module MailRoom
  # Answers over HTTP how the process is, for probes and for Prometheus: `/liveness`, `/readiness` and, where they are switched on,
  # `/metrics`, `/status` and `/status.json`. The native library answers on a thread of its own, also while Ruby is busy.
  class HealthCheck
    TABLE = OptionTables::HEALTH_CHECK
    IP_ADDRESS = /\A(?:[\d.]+|\[?\h*:[\h:.]+\]?)\z/
    private_constant :TABLE, :IP_ADDRESS

    # @return [String, nil] the address it listens on
    attr_reader :address
    # @return [Integer, nil] the TCP port it listens on, 1 to 65535
    attr_reader :port
    # @return [String, nil] the path of the Unix socket it listens on
    attr_reader :socket
    # @return [Boolean] whether it listens
    attr_reader :running

    # Listens on nothing yet.
    #
    # @param attributes [Hash] `address` and `port`, or `socket`, or all three; `metrics` and `status`: whether there are these pages. See
    #   docs/options.md
    # @raise [ConfigurationError] a RuntimeError: `No health check address specified`, `Health check port 0 is invalid`, and the like
    def initialize(attributes = {})
      @values = TABLE.read(attributes, where: "health_check")
      @address, @socket = @values.values_at(:address, :socket)
      @running = false
      @port = port_of(@values[:port])
    end

    # Listens, and returns.
    #
    # @return [nil]
    # @raise [ConfigurationError] if it cannot listen there
    def run
      native.start
      @running = true
      nil
    end

    # Stops listening. Can be called from any thread and from a signal handler.
    #
    # @return [nil]
    def quit
      @running = false
      @native&.stop
      nil
    end

    # @return [Hash{Symbol=>Object}] the options that were given
    def to_h
      { **@values, port: port }.compact
    end

    # @api private
    # @param watch [Watch] what it answers about from now on
    def watch(watch)
      watch.monitored_by(native)
    end

    private

    # The texts are those of the original.
    def port_of(given)
      return if socket && !address && given.nil?
      raise ConfigurationError, "No health check address specified" unless address

      port = Integer(given.to_s, 10, exception: false) || 0
      raise ConfigurationError, "Health check port #{port} is invalid" unless TABLE[:port].range.cover?(port)

      port
    end

    def native
      @native ||= Native::HealthServer.new({ "tcp" => ([ip_address, port] if port), **TABLE.native(@values) })
    end

    # Ruby looks names up without holding its lock.
    def ip_address
      return address if address.match?(IP_ADDRESS)

      require "socket"
      IPSocket.getaddress(address)
    rescue SocketError => e
      raise ConfigurationError, "the health check cannot listen on address #{address}: #{e.message}; set address of health_check to an " \
                                "address of this machine", cause: nil
    end
  end
end
