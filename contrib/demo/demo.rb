# frozen_string_literal: true

# What bin/demo shows. Uses the test servers of the specs; everything is private, on the loopback, and gone at the end.

require "json"
require "tmpdir"
require "yaml"
require_relative "../../spec/support/dovecot"
require_relative "../../spec/support/redis_server"
require_relative "../../spec/support/smtp_server"

# A mailbox that fills, the queue that its mails arrive in, and the notices to those who wrote to nobody.
class Demo
  BACKLOG = 12
  SENDERS = %w[ada grace alan edsger barbara donald].freeze
  SUBJECTS = ["Login page is blank", "Re: Invoice 4711", "Feature request: dark mode", "Build fails on main", "Thank you!"].freeze
  USER = "incoming@example.com"
  # What stands for the key in a mail's recipient, and what it is for. The last is nobody's.
  RECIPIENTS = { "incoming+4f5c0123456789abcdef0123456789ab@example.com" => "reply", "incoming+group-app-12-TOKEN-issue@example.com" =>
                 "new issue", "incoming+group-app-12-TOKEN-merge-request@example.com" => "new merge request",
                 "incoming+group-app-12-issue-@example.com" => "Service Desk", "somebody@example.com" => nil }.freeze

  def initialize(once:)
    @once = once
    @sent = @shown = @rejected = 0
    @ended = false
  end

  def run
    %w[INT TERM].each { |signal| trap(signal) { @ended = true } }
    start
    puts "#{BACKLOG} mails wait in #{USER} on a private Dovecot (port #{@dovecot.port}). mail_room pushes them into Sidekiq's Redis, and " \
         "tells those who wrote to nobody (SMTP, port #{@smtp.port}).\n\n"
    loop_until_ended
    puts "\n#{@shown} of #{@sent} mails delivered, #{@rejected} rejected, each once."
    all? || !@once
  ensure
    stop
  end

  private

  def start
    @dovecot = TestDovecot.new.start
    @redis = TestRedis.new.start
    @smtp = TestSmtp.new.start
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
      arbitration_method: "redis", arbitration_options: { redis_url: @redis.url },
      matching: { address: "incoming+%{key}@example.com", unmatched: "reject" },
      rejection: { address: "127.0.0.1", port: @smtp.port, starttls: false } }
  end

  def all? = @shown + @rejected == @sent

  def loop_until_ended
    next_mail = now + 1
    until @ended || (@once && all?)
      raise "mail_room ended:\n#{@mail_room.output}" unless @mail_room.alive?

      show_notices
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
    recipient = RECIPIENTS.keys[@sent % RECIPIENTS.size]
    @dovecot.append(USER, "From: #{sender}@example.com\r\nTo: #{recipient}\r\nSubject: #{SUBJECTS[@sent % SUBJECTS.size]}\r\n" \
                          "Message-ID: <#{@sent}@example.com>\r\n\r\nMail number #{@sent}.\r\n")
  end

  def show(job)
    # Nothing yet: look again in a moment, or at once after Ctrl-C.
    return sleep(0.05) if job.nil?

    @shown += 1
    job = JSON.parse(job)
    text = job["args"].first
    line("#{job["class"]} <- #{text[/^From: (.*)\r/, 1]}", text[/^Subject: (.*)\r/, 1], RECIPIENTS[text[/^To: (.*)\r/, 1]])
  end

  def show_notices
    @smtp.mails.drop(@rejected).each do |mail|
      @rejected += 1
      line("notice -> #{mail[:to].first}", mail[:raw][/^Subject: (.*)\r/, 1], "rejected")
    end
  end

  def line(way, subject, what)
    puts format("%<time>s  %<way>-42s %<subject>-42s (%<what>s)", time: Time.now.strftime("%H:%M:%S.%L"), way: way, subject: subject,
                                                                  what: what)
    $stdout.flush
  end

  def stop
    @mail_room&.stop
    [@smtp, @redis, @dovecot].compact.each(&:remove)
    FileUtils.remove_entry(@dir, true) if @dir
  end
end

exit Demo.new(once: ARGV.include?("--once")).run
