# frozen_string_literal: true

require "json"
require "net/http"
require "openssl"
require "socket"

module MailRoom
  # Asks a running process for its /status.json, over TCP or over a Unix socket.
  #
  # @api private
  class StatusClient
    # Nobody answers, or not with a status. The message says what to do.
    class NoAnswer < StandardError; end

    PATH = "/status.json"
    # How many seconds each step may take.
    TIMEOUT = 5
    # The addresses of a listener that mean every address, and the one to ask.
    EVERY = { "0.0.0.0" => "127.0.0.1", "::" => "::1", "[::]" => "::1" }.freeze
    private_constant :PATH, :TIMEOUT, :EVERY

    # @param health_check [HealthCheck]
    # @return [StatusClient] that asks where it listens
    def self.of(health_check)
      return new(socket: health_check.socket) if health_check.socket

      address = EVERY.fetch(health_check.address, health_check.address).delete("[]")
      new(url: "http://#{address.include?(":") ? "[#{address}]" : address}:#{health_check.port}")
    end

    # @param url [String, nil] with or without the path
    # @param socket [String, nil] the path of a Unix socket
    def initialize(url: nil, socket: nil)
      @url = url
      @socket = socket
    end

    # @return [Hash{String=>Object}] what /status.json says
    # @raise [NoAnswer]
    def status
      answer = @socket ? over_socket : over_tcp
      raise NoAnswer, refused(answer) unless answer.is_a?(Net::HTTPOK)

      parsed(answer.body)
    rescue SystemCallError, SocketError, IOError, Timeout::Error, OpenSSL::SSL::SSLError, Net::ProtocolError => e
      raise NoAnswer, "nobody answers at #{place}: #{e.message}; is mail_room running, with a health_check?", cause: nil
    end

    private

    def place = @socket || @url

    def over_tcp
      uri = URI(@url)
      raise NoAnswer, "#{@url} is no URL such as http://127.0.0.1:8080" unless uri.is_a?(URI::HTTP) && !uri.host.to_s.empty?

      uri.path = PATH if ["", "/"].include?(uri.path)
      # Without a proxy: the process is on this machine or near.
      http = Net::HTTP.new(uri.hostname, uri.port, nil)
      http.use_ssl = uri.scheme == "https"
      http.open_timeout = http.read_timeout = http.write_timeout = TIMEOUT
      http.max_retries = 0
      http.start { http.get(uri.request_uri) }
    rescue URI::Error
      raise NoAnswer, "#{@url} is no URL such as http://127.0.0.1:8080", cause: nil
    end

    def over_socket
      UNIXSocket.open(@socket) do |socket|
        io = Net::BufferedIO.new(socket, read_timeout: TIMEOUT, write_timeout: TIMEOUT)
        request = Net::HTTP::Get.new(PATH, "Host" => "localhost")
        request.exec(io, "1.1", PATH)
        Net::HTTPResponse.read_new(io).tap { |answer| answer.reading_body(io, true) { answer.body } }
      end
    end

    def refused(answer)
      hint = answer.is_a?(Net::HTTPNotFound) ? "; set status: true in its health_check" : ""
      "#{place} answers #{answer.code} in place of a status#{hint}"
    end

    def parsed(body)
      status = JSON.parse(body)
      return status if status.is_a?(Hash) && status["mailboxes"].is_a?(Array)

      raise NoAnswer, "#{place} does not answer as mail_room does"
    rescue JSON::ParserError
      raise NoAnswer, "#{place} does not answer as mail_room does", cause: nil
    end
  end
end
