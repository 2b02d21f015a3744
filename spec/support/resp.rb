# frozen_string_literal: true

require "openssl"
require "socket"
require "timeout"

# A Redis client in a page, so that the specs need no gem for it.
#
#   redis = Resp.new(port: 6379, password: "secret")   # or path: "/run/redis.sock", tls: {ca_file:, cert_file:, key_file:}
#   redis.call("SET", "key", "value")       # => "OK"
#   redis.pipeline([["GET", "a"], ["GET", "b"]])
class Resp
  # An error reply, such as "WRONGTYPE ...".
  class Error < StandardError; end

  # Every reply is awaited this long.
  DEADLINE = 10

  def initialize(host: "127.0.0.1", port: nil, path: nil, username: nil, password: nil, db: nil, tls: nil)
    @io = Timeout.timeout(DEADLINE) do
      socket = path ? UNIXSocket.new(path) : TCPSocket.new(host, port)
      tls ? secure(socket, host, tls) : socket
    end
    call("AUTH", *username, password) if password
    call("SELECT", db) if db
  end

  # @return [String, Integer, Array, nil]
  # @raise [Error] what Redis answered, when that is an error
  def call(*command)
    reply = pipeline([command]).first
    raise reply if reply.is_a?(Error)

    reply
  end

  # Sends all, then reads all. An error reply stands in its place among the others and is not raised.
  def pipeline(commands)
    Timeout.timeout(DEADLINE) do
      @io.write(commands.map { |command| encode(command) }.join)
      @io.flush
      commands.map { read_reply }
    end
  end

  def close
    @io.close
  rescue IOError, SystemCallError
    nil
  end

  private

  def encode(command)
    command.map(&:to_s).reduce("*#{command.size}\r\n".b) { |text, word| text << "$#{word.bytesize}\r\n" << word.b << "\r\n" }
  end

  def read_reply
    line = @io.gets("\r\n") or raise EOFError, "Redis closed the connection"
    rest = line[1..].chomp
    case line[0]
    when "+" then rest
    when "-" then Error.new(rest)
    when ":" then rest.to_i
    when "$" then read_bulk(rest.to_i)
    when "*" then rest.to_i.negative? ? nil : Array.new(rest.to_i) { read_reply }
    else raise "unexpected reply #{line.inspect}"
    end
  end

  def read_bulk(size)
    return if size.negative?

    # Of an encrypted stream an empty string is a frozen one.
    text = +@io.read(size)
    @io.read(2)
    text.force_encoding(Encoding::UTF_8).valid_encoding? ? text : text.b
  end

  def secure(socket, host, files)
    context = OpenSSL::SSL::SSLContext.new
    context.set_params(ca_file: files.fetch(:ca_file), verify_mode: OpenSSL::SSL::VERIFY_PEER)
    if files[:cert_file]
      context.add_certificate(OpenSSL::X509::Certificate.new(File.read(files[:cert_file])), OpenSSL::PKey.read(File.read(files[:key_file])))
    end
    OpenSSL::SSL::SSLSocket.new(socket, context).tap do |tls|
      tls.sync_close = true
      tls.hostname = host unless host.match?(/\A[\d.]+\z/)
      tls.connect
      tls.post_connection_check(host)
    end
  end
end
