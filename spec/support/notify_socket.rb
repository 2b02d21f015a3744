# frozen_string_literal: true

require "socket"
require "tmpdir"

# A service manager's end of sd_notify(3): hears what it is told.
class NotifySocket
  attr_reader :address

  # @param abstract [Boolean] whether its name is none in the file system
  def initialize(abstract: false)
    @dir = Dir.mktmpdir("notify")
    path = File.join(@dir, "socket")
    @address = abstract ? "@#{path}" : path
    @socket = Socket.new(:UNIX, :DGRAM)
    @socket.bind(Socket.sockaddr_un(abstract ? "\0#{path}" : path))
    @said = []
  end

  # All that was told so far: pairs of name and value, each with the time of its arrival.
  def said
    loop { note(@socket.recv_nonblock(65_536)) }
  rescue IO::WaitReadable
    @said
  end

  # The values told under a name.
  def told(name) = said.select { |(key, _value, _at)| key == name }.map { |(_key, value, _at)| value }

  # When a name was told, on the monotonic clock.
  def times(name) = said.select { |(key, _value, _at)| key == name }.map(&:last)

  def remove
    @socket.close
    FileUtils.remove_entry(@dir)
  end

  private

  def note(datagram)
    at = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    datagram.force_encoding(Encoding::UTF_8).each_line(chomp: true) { |line| @said << [*line.split("=", 2), at] }
  end
end
