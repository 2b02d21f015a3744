# frozen_string_literal: true

require "socket"

# The login of an IMAP server that only speaks when somebody is logged in (PREAUTH on its standard streams): greets, takes
# LOGIN, starts the server for this connection, and hands its octets through unchanged.
class LoginFront
  # @param command [#call] from the user's name to what Process.spawn takes: environment, command, options
  def initialize(host, port, password, &command)
    @address = [host, port]
    @password = password
    @command = command
    @connections = []
    @lock = Mutex.new
  end

  def start
    @server = TCPServer.new(*@address)
    @accepting = Thread.new do
      loop do
        socket = @server.accept
        Thread.new { serve(socket) }.report_on_exception = false
      end
    rescue IOError, SystemCallError
      nil
    end
  end

  # Ends the servers of all connections as a power cut would.
  def kill9
    @server&.close
    @accepting&.join
    connections = @lock.synchronize { @connections.slice!(0..) }
    connections.each do |socket, pid|
      socket.close unless socket.closed?
      Process.kill("KILL", pid)
    rescue SystemCallError, IOError
      nil
    end
  end

  private

  def serve(socket)
    socket.write("* OK [CAPABILITY IMAP4rev1] ready\r\n")
    tag, user = login(socket)
    return socket.close unless user

    environment, command, options = @command.call(user)
    ours, theirs = UNIXSocket.pair
    pid = Process.spawn(environment, *command, in: theirs, out: theirs, unsetenv_others: true, **options)
    theirs.close
    Process.detach(pid)
    @lock.synchronize { @connections << [socket, pid] }
    nil until ours.gets.to_s.match?(/\A(\* PREAUTH|\z)/)
    socket.write("#{tag} OK logged in\r\n")
    hand_through(socket, ours)
  end

  def login(socket)
    while (line = socket.gets)
      tag, verb, *arguments = line.delete('"').split
      case verb.to_s.upcase
      when "LOGIN"
        return [tag, arguments.first] if arguments.last == @password

        socket.write("#{tag} NO wrong password\r\n")
      when "CAPABILITY" then socket.write("* CAPABILITY IMAP4rev1\r\n#{tag} OK done\r\n")
      when "LOGOUT" then return socket.write("* BYE bye\r\n#{tag} OK done\r\n") && nil
      else socket.write("#{tag} BAD log in first\r\n")
      end
    end
  end

  def hand_through(client, server)
    [[client, server], [server, client]].map do |from, to|
      Thread.new do
        IO.copy_stream(from, to)
      rescue IOError, SystemCallError
        nil
      ensure
        to.close_write unless to.closed?
      end
    end.each(&:join)
  rescue IOError, SystemCallError
    nil
  ensure
    [client, server].each { |socket| socket.close unless socket.closed? }
  end
end
