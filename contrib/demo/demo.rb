# frozen_string_literal: true

# What bin/demo shows. Uses the test servers of the specs; everything is private, on the loopback, and gone at the end.

require "json"
require "tmpdir"
require "yaml"
require_relative "../../spec/support/dovecot"
require_relative "../../spec/support/redis_server"

# A mailbox that fills, and the queue that its mails arrive in.
class Demo
  BACKLOG = 12
  SENDERS = %w[ada grace alan edsger barbara donald].freeze
  SUBJECTS = ["Login page is blank", "Re: Invoice 4711", "Feature request: dark mode", "Build fails on main", "Thank you!"].freeze
  USER = "incoming@example.com"

  def initialize(once:)
    @once = once
    @sent = @shown = 0
    @ended = false
  end

  def run
    %w[INT TERM].each { |signal| trap(signal) { @ended = true } }
    start
    puts "#{BACKLOG} mails wait in #{USER} on a private Dovecot (port #{@dovecot.port}); mail_room pushes them into Sidekiq's Redis.\n\n"
    loop_until_ended
    puts "\n#{@shown} of #{@sent} mails delivered, each once."
    @shown == @sent || !@once
  ensure
    stop
  end

  private

  def start
    @dovecot = TestDovecot.new.start
    @redis = TestRedis.new.start
    BACKLOG.times { mail }
    @dir = Dir.mktmpdir("mail_room_demo")
    config = File.join(@dir, "config.yml")
    File.write(config, YAML.dump({ mailboxes: [mailbox] }))
    executable = File.expand_path("../../exe/mail_room", __dir__)
    @mail_room = ServerProcess.new([RbConfig.ruby, executable, "-c", config], out: File.join(@dir, "out")).start
  end

  def mailbox
    { email: USER, password: @dovecot.password, host: @dovecot.host, port: @dovecot.port, ssl: false, name: "INBOX",
      delete_after_delivery: true, expunge_deleted: true, logger: { log_path: File.join(@dir, "mail_room.log") },
      delivery_method: "sidekiq", delivery_options: { redis_url: @redis.url, worker: "EmailReceiverWorker" },
      arbitration_method: "redis", arbitration_options: { redis_url: @redis.url } }
  end

  def loop_until_ended
    next_mail = now + 1
    until @ended || (@once && @shown == @sent)
      raise "mail_room ended:\n#{@mail_room.output}" unless @mail_room.alive?

      show(@redis.call("RPOP", "queue:default"))
      next if @once || now < next_mail

      mail
      next_mail = now + 1
    end
  end

  def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)

  def mail
    @sent += 1
    sender = SENDERS[@sent % SENDERS.size]
    @dovecot.append(USER, "From: #{sender}@example.com\r\nTo: #{USER}\r\nSubject: #{SUBJECTS[@sent % SUBJECTS.size]}\r\n" \
                          "Message-ID: <#{@sent}@example.com>\r\n\r\nMail number #{@sent}.\r\n")
  end

  def show(job)
    # Nothing yet: look again in a moment, or at once after Ctrl-C.
    return sleep(0.05) if job.nil?

    @shown += 1
    job = JSON.parse(job)
    text = job["args"].first
    puts format("%<time>s  %<worker>s <- %<from>-22s %<subject>s", time: Time.now.strftime("%H:%M:%S.%L"), worker: job["class"],
                                                                   from: text[/^From: (.*)\r/, 1], subject: text[/^Subject: (.*)\r/, 1])
    $stdout.flush
  end

  def stop
    @mail_room&.stop
    [@redis, @dovecot].compact.each(&:remove)
    FileUtils.remove_entry(@dir, true) if @dir
  end
end

exit Demo.new(once: ARGV.include?("--once")).run
