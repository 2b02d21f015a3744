# frozen_string_literal: true

require "openssl"
require "socket"

# An HTTP/1.1 endpoint on the loopback that keeps what it is sent and answers as it is told.
#
#   server = HttpServer.new { |request| [200, {}, ""] }.start
#   server.requests.first.body
#
# The block may also answer :hang (never), :cut (closes the connection), or a String, which is written as it is before the
# connection is closed. A body that is an Array is sent in chunks, without
# a length; a header "Content-Length" of the block's own is believed, and a body shorter than that is cut off.
class HttpServer
  Request = Struct.new(:verb, :path, :headers, :body, :at, :connection, :answered)

  attr_reader :port, :connections

  # @param tls [OpenSSL::SSL::SSLContext, nil]
  def initialize(tls: nil, port: ServerProcess.free_port, &answer)
    @tls = tls
    @port = port
    @answer = answer || ->(_request) { [200, {}, ""] }
    @lock = Mutex.new
    @requests = []
    @sockets = []
    @connections = 0
  end

  def url = "#{@tls ? "https" : "http"}://127.0.0.1:#{port}"

  def start
    @listener = TCPServer.new("127.0.0.1", port)
    @thread = Thread.new(@listener) { |listener| accept(listener) }
    self
  end

  # Nobody listens any more, and all connections are cut.
  def stop
    @listener&.close
    @thread&.join
    @lock.synchronize { @sockets.each { |socket| close(socket) } }
    self
  end

  # All complete requests, in the order of their arrival.
  def requests = @lock.synchronize { @requests.dup }

  # Those that were answered with 2xx.
  def accepted = requests.select { |request| (200..299).cover?(request.answered) }

  private

  def accept(listener)
    loop do
      socket = listener.accept
      number = @lock.synchronize do
        @sockets << socket
        @connections += 1
      end
      Thread.new { serve(socket, number) }
    end
  rescue IOError, Errno::EBADF
    nil
  end

  def serve(socket, number)
    stream = @tls ? OpenSSL::SSL::SSLSocket.new(socket, @tls).tap(&:accept) : socket
    while (request = read(stream, number))
      @lock.synchronize { @requests << request }
      answer = @answer.call(request)
      return if answer == :cut
      next if answer == :hang

      return write_raw(stream, request, answer) if answer.is_a?(String)

      write(stream, request, *answer)
    end
  rescue IOError, SystemCallError, OpenSSL::SSL::SSLError
    nil
  ensure
    close(socket)
  end

  def read(stream, number)
    line = stream.gets("\r\n") or return
    verb, path = line.split
    headers = {}
    while (line = stream.gets("\r\n")) && line != "\r\n"
      name, value = line.chomp("\r\n").split(": ", 2)
      headers[name.downcase] = value
    end
    body = stream.read(headers.fetch("content-length", 0).to_i)
    Request.new(verb, path, headers, body, Process.clock_gettime(Process::CLOCK_MONOTONIC), number)
  end

  def write(stream, request, status, headers, body)
    # Before the client can know of it.
    request.answered = status
    length = headers["Content-Length"]
    framing = body.is_a?(Array) ? { "Transfer-Encoding" => "chunked" } : { "Content-Length" => body.bytesize }
    lines = ["HTTP/1.1 #{status} Status", *framing.merge(headers).map { |name, value| "#{name}: #{value}" }]
    stream.write("#{lines.join("\r\n")}\r\n\r\n", *chunked(body))
    raise IOError, "cut off" if length && length.to_i > body.bytesize
  end

  def write_raw(stream, request, text)
    request.answered = text[/\AHTTP\S* (\d+)/, 1].to_i
    stream.write(text)
  end

  def chunked(body)
    return [body] unless body.is_a?(Array)

    body.flat_map { |chunk| ["#{chunk.bytesize.to_s(16)}\r\n", chunk, "\r\n"] }.push("0\r\n\r\n")
  end

  def close(socket)
    socket.close
  rescue IOError, SystemCallError
    nil
  end
end
