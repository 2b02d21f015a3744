# frozen_string_literal: true

require "socket"
require_relative "server_process"

# A TCP proxy that does to connections what networks do: it cuts them, holds them back, loses an answer.
#
#   proxy = TcpProxy.new(dovecot.port).start
#   proxy.from_server { |bytes, connection| connection.cut if connection.server_octets > 10_000 }
#   proxy.hold; proxy.release; proxy.remove
class TcpProxy
  # One connection through the proxy.
  class Connection
    attr_reader :server_octets

    def initialize(client, server)
      @client = client
      @server = server
      @server_octets = 0
    end

    # Ends it at once, in both directions. What was read and not yet passed on is lost.
    def cut
      @cut = true
      [@client, @server].each { |socket| socket.close unless socket.closed? }
    end

    def cut? = @cut

    # Passes bytes on until one side is done. The block sees each piece before it is passed on.
    def pump(from, to)
      loop do
        bytes = from.readpartial(1 << 16)
        @server_octets += bytes.bytesize if from.equal?(@server)
        yield bytes
        return if cut?

        to.write(bytes)
      end
    rescue IOError, SystemCallError
      cut
    end
  end

  attr_reader :port

  # @param target [Integer] the port of the server
  # @param port [Integer] the one to listen on, for those who called it before anybody listened
  def initialize(target, port = ServerProcess.free_port)
    @target = target
    @port = port
    @connections = Queue.new
    @held = false
    @lock = Mutex.new
    @freed = ConditionVariable.new
  end

  def start
    @listener = TCPServer.new("127.0.0.1", port)
    @acceptor = Thread.new { accept }
    self
  end

  # @yieldparam bytes [String] what the server sends
  # @yieldparam connection [Connection]
  def from_server(&block)
    @from_server = block
    self
  end

  # The same for what the client sends.
  def from_client(&block)
    @from_client = block
    self
  end

  # What clients say first is a request of HTTP for a tunnel (RFC 9110 section 9.3.6): answered, and not passed on.
  #
  # @yieldparam request [String]
  def tunnel(&block)
    @tunnel = block
    self
  end

  # Nothing passes from now on, and nobody is told.
  def hold = @lock.synchronize { @held = true }

  def release
    @lock.synchronize do
      @held = false
      @freed.broadcast
    end
  end

  def remove
    @acceptor&.kill
    @listener&.close
    release
    @connections.pop.cut until @connections.empty?
  end

  private

  def accept
    loop do
      client = @listener.accept
      answer(client) if @tunnel
      server = TCPSocket.new("127.0.0.1", @target)
      [client, server].each { |socket| socket.setsockopt(Socket::IPPROTO_TCP, Socket::TCP_NODELAY, 1) }
      @connections << (connection = Connection.new(client, server))
      Thread.new { connection.pump(client, server) { |bytes| pass(@from_client, bytes, connection) } }
      Thread.new { connection.pump(server, client) { |bytes| pass(@from_server, bytes, connection) } }
    rescue SystemCallError
      client&.close
    end
  end

  def answer(client)
    request = client.gets("\r\n\r\n") or raise Errno::EPIPE
    @tunnel.call(request)
    client.write("HTTP/1.1 200 Connected\r\n\r\n")
  end

  def pass(watcher, bytes, connection)
    watcher&.call(bytes, connection)
    @lock.synchronize { @freed.wait(@lock) while @held }
  end
end
