# frozen_string_literal: true

require "socket"
require_relative "wait_until"

# A process that the specs start, with all its children: in a process group of its own, so that nothing of it is left
# once it was stopped, and so that Ctrl-C reaches us and not it.
class ServerProcess
  # What a server is given to start, and to stop.
  DEADLINE = 20

  @all = []

  class << self
    # All that were started and not yet stopped.
    def running = @all.select(&:alive?)

    def register(process)
      @all << process
    end

    def stop_all
      @all.each(&:kill9)
      @all.clear
    end

    # A port on the loopback that nobody listens on, below the range that the kernel takes ports of clients from: it
    # stays free while its server is restarted.
    def free_port
      @ports ||= ports.shuffle
      port = @ports.pop or raise "no port left"
      TCPServer.new("127.0.0.1", port).close
      port
    rescue Errno::EADDRINUSE
      retry
    end

    private

    # Specs that run side by side share no port: SPEC_PORTS=1/4 takes every fourth, from the second on.
    def ports
      mine, of = ENV.fetch("SPEC_PORTS", "0/1").split("/").map { |part| Integer(part) }
      (20_000..29_999).select { |port| port % of == mine }
    end
  end

  attr_reader :pid, :status, :out_file, :err_file

  # @param command [Array<String>]
  # @param out [String] the file that stdout goes to; `err` likewise, by default the same
  # @param env [Hash{String => String, nil}] added to our environment
  def initialize(command, out:, err: out, env: {}, chdir: nil)
    @command = command
    @out_file = out
    @err_file = err
    # A service manager that an example plays is not theirs.
    @env = { "NOTIFY_SOCKET" => nil }.merge(env)
    @options = { pgroup: true, in: File::NULL, out: [out, "a"], err: err == out ? %i[child out] : [err, "a"] }
    @options[:chdir] = chdir if chdir
  end

  def start
    raise "#{@command.first} runs already" if alive?

    @status = nil
    @pid = Process.spawn(@env, *@command, **@options)
    self.class.register(self)
    self
  end

  def alive?
    return false unless @pid && @status.nil?

    reaped = Process.wait2(@pid, Process::WNOHANG)
    @status = reaped.last if reaped
    @status.nil?
  end

  # Sends a signal to the process, not to its children.
  def signal(name)
    Process.kill(name, @pid) if alive?
  end

  # Sends a signal to the process and its children.
  def signal_group(name)
    Process.kill(name, -@pid) if @pid
  rescue Errno::ESRCH
    nil
  end

  # Waits until the process ended of itself.
  #
  # @return [Process::Status]
  def wait(deadline = DEADLINE)
    WaitUntil.wait_until(deadline, -> { "#{@command.first} to end; it said:\n#{output}" }) { !alive? }
    @status
  end

  # Ends the process with TERM, its children with it. Does nothing when it does not run.
  #
  # @return [Process::Status, nil] nil when it never ran
  def stop(deadline = DEADLINE)
    return @status unless @pid

    signal_group("CONT")
    signal("TERM")
    wait(deadline)
  ensure
    kill9
  end

  # Ends the process and its children as a power cut would.
  def kill9
    return unless @pid

    signal_group("KILL")
    wait
    WaitUntil.wait_until(DEADLINE, "the children of #{@command.first} to end") { group.empty? }
    @status
  end

  # Waits until the block returns something truthy, and fails at once, with what the process said, when it ended instead.
  def await(what, deadline = DEADLINE)
    WaitUntil.wait_until(deadline, -> { "#{what}; #{@command.first} said:\n#{output}" }) do
      raise "#{@command.first} ended (#{@status}):\n#{output}" unless alive?

      yield
    end
  end

  # Waits until a connection to the port is accepted.
  def await_port(port, host = "127.0.0.1")
    await("port #{port} to open") do
      TCPSocket.new(host, port).close
      true
    rescue SystemCallError
      false
    end
  end

  def output
    [@out_file, @err_file].uniq.select { |file| File.file?(file) }.map { |file| File.read(file) }.join
  end

  # The processes of the group that live. Those that ended and wait for their parent do not.
  #
  # @return [Array<Integer>]
  def group
    return [] unless @pid

    Dir.children("/proc").grep(/\A\d+\z/).map(&:to_i).select do |pid|
      state, _parent, group = File.read("/proc/#{pid}/stat").rpartition(") ").last.split
      group.to_i == @pid && state != "Z"
    rescue SystemCallError
      false
    end
  end
end

at_exit { ServerProcess.stop_all }
