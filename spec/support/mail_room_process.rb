# frozen_string_literal: true

require "etc"
require "json"
require "tmpdir"
require "yaml"
require_relative "private_server"
require_relative "server_process"

# The real executable in a process of its own, with a configuration written for it.
class MailRoomProcess
  include PrivateServer

  EXECUTABLE = File.expand_path("../../exe/mail_room", __dir__)

  attr_reader :dir, :config

  # @param mailboxes [Array<Hash>]
  # @param arguments [Array<String>] after `-c FILE`
  # @param settings [Hash] what stands beside the mailboxes
  # @param executable [String] another one than this source tree's
  # @param out [String] where its standard output goes, by default a file in its folder; `err` likewise
  def initialize(mailboxes, *arguments, settings: {}, env: {}, out: nil, err: nil, executable: EXECUTABLE)
    @dir = Dir.mktmpdir("mail_room")
    log = @log = File.join(@dir, "mail_room.log")
    @config = File.join(@dir, "mail_room.yml")
    list = mailboxes.map { |mailbox| { logger: { log_path: log } }.merge(mailbox) }
    File.write(@config, YAML.dump({ **settings, mailboxes: list }))
    @process = ServerProcess.new([RbConfig.ruby, executable, "-c", @config, *arguments],
                                 out: out || File.join(@dir, "out"), err: err || File.join(@dir, "err"), env: env, chdir: @dir)
  end

  def start
    @process.start
    self
  end

  def signal(name) = @process.signal(name)

  # Ends it with TERM.
  # @return [Process::Status]
  def term(deadline = 30)
    signal("TERM")
    @process.wait(deadline)
  end

  def wait(deadline = 30) = @process.wait(deadline)

  def stdout = File.read(@process.out_file)

  def stderr = File.read(@process.err_file)

  # @return [Array<Hash>] the log so far; a line being written is left out
  def log
    return [] unless File.exist?(@log)

    File.foreach(@log).select { |line| line.end_with?("\n") }.map { |line| JSON.parse(line) }
  end

  # Everything it ever said, to look for what must not be in it.
  def everything_said = [@log, @process.out_file, @process.err_file].select { |file| File.file?(file) }.map { |file| File.read(file) }.join

  # Waits for a line with this action.
  # @return [Hash]
  def await_log(action, deadline = 20)
    WaitUntil.wait_until(deadline, -> { "the log line #{action}; said:\n#{everything_said[-3000..] || everything_said}" }) do
      log.find { |line| line["action"] == action }
    end
  end

  # Whether the last line it logged says that it waits for mail. Reads no more than that line.
  def idles?
    return false unless File.exist?(@log)

    File.open(@log) do |file|
      file.seek(-[file.size, 256].min, IO::SEEK_END)
      file.read.end_with?(%("action":"Idling"}\n))
    end
  end

  # Resident memory in KiB, now and at its highest.
  def rss_kb = proc_status("VmRSS")
  def peak_rss_kb = proc_status("VmHWM")
  def threads = proc_status("Threads")

  # Seconds that the processors have worked for it.
  def cpu_seconds = File.read("/proc/#{pid}/stat").rpartition(") ").last.split.values_at(11, 12).sum(&:to_f) / Etc.sysconf(Etc::SC_CLK_TCK)

  private

  def proc_status(field)
    File.read("/proc/#{pid}/status")[/^#{field}:\s+(\d+)/, 1].to_i
  end
end
