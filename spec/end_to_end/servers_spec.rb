# frozen_string_literal: true

require "open3"
require "pty"

# Servers of every kind, as administrators have them.
RSpec.describe "servers", :servers do
  let(:user) { dovecot.new_user }

  def jobs(server = redis) = server.call("LLEN", "queue:mails")

  def expect_job(server = redis, **rest)
    dovecot.append(user, Mails.plain(1))
    process = mail_room(mailbox(user, **rest))
    wait_until(20, -> { "a job: #{process.everything_said}" }) { jobs(server) == 1 }
    wait_until(20, "the mail to be seen") { dovecot.uids(user, "UNSEEN").empty? }
    process
  end

  describe "Redis" do
    let(:server) { @server }

    after { [@sentinel, @server].compact.each(&:remove) }

    def at(url, **options)
      { delivery_options: { redis_url: url, worker: "EmailReceiverWorker", queue: "mails", **options },
        arbitration_options: { redis_url: url, **options } }
    end

    it "on a unix socket, in both spellings" do
      expect_job(**at(redis.unix_url))
      redis.call("FLUSHALL")
      dovecot.append(user, Mails.plain(2))
      mail_room(mailbox(user, **at("unix:#{redis.unix_path}")))
      wait_until(20, "another job") { jobs == 1 }
    end

    it "with TLS, a client certificate and a password" do
      @server = TestRedis.new(password: "r3dis-secret", tls: true, client_certificates: true).start
      pair = server.certificates.client
      tls = { ca_file: server.certificates.ca_file, cert: pair.cert_file, key: pair.key_file }
      process = expect_job(server, **at(server.tls_url, redis_ssl_params: tls))
      expect(process.everything_said).not_to include("r3dis-secret")
    end

    it "with TLS that does not verify: nothing is delivered, and it says why" do
      @server = TestRedis.new(tls: true).start
      dovecot.append(user, Mails.plain(1))
      process = mail_room(mailbox(user, **at(server.tls_url)))
      expect(process.await_log("Delivery paused")["error"]).to include("certificate")
      expect([jobs(server), dovecot.uids(user, "UNSEEN").size]).to eq([0, 1])
    end

    it "behind a Sentinel with passwords" do
      @server = TestRedis.new(password: "r3dis-secret").start
      @sentinel = TestSentinel.new(server, name: "gitlab-redis", password: "s3ntinel").start
      process = expect_job(server, **at(@sentinel.url, sentinels: [@sentinel.address], sentinel_password: "s3ntinel"))
      expect(process.everything_said).not_to match(/r3dis-secret|s3ntinel/)
    end

    it "with a namespace, and a warning" do
      dovecot.append(user, Mails.plain(1))
      process = mail_room(mailbox(user, **at(redis.url, namespace: "resque:gitlab")))
      wait_until(20, "a job") { redis.call("LLEN", "resque:gitlab:queue:mails") == 1 }
      expect(redis.call("KEYS", "*")).to all(start_with("resque:gitlab:"))
      expect(process.stderr).to match(/namespace.*deprecated/)
    end
  end

  describe "Dovecot" do
    after { @imap&.remove }

    def start(**options)
      @imap = TestDovecot.new(**options).start
    end

    it "without IDLE is polled" do
      start(without: %w[IDLE])
      process = mail_room(mailbox(user, server: @imap, idle_timeout: 1))
      process.await_log("Idling")
      @imap.append(user, Mails.plain(1))
      wait_until(20, "the mail") { delivered == [Mails.plain(1).b] }
      expect(process.log.map { |line| line["action"] }).not_to include("Disconnected. Resetting...")
    end

    it "without UIDPLUS and MOVE is emptied all the same" do
      start(without: %w[UIDPLUS MOVE])
      5.times { |number| @imap.append(user, Mails.plain(number)) }
      mail_room(mailbox(user, server: @imap, delete_after_delivery: true, expunge_deleted: true))
      wait_until(20, "an empty mailbox") { jobs == 5 && @imap.uids(user).empty? }
    end

    it "with UIDPLUS keeps what others have deleted" do
      dovecot.append(user, Mails.plain(0), flags: %i[Seen Deleted])
      dovecot.append(user, Mails.plain(1))
      mail_room(mailbox(user, delete_after_delivery: true, expunge_deleted: true))
      wait_until(20, "one to be left") { jobs == 1 && dovecot.uids(user).size == 1 }
      expect(dovecot.messages(user).map(&:body)).to eq([Mails.plain(0)])
    end

    it "that allows no login in clear is not told the password" do
      start(plain_login: false)
      process = mail_room(mailbox(user, server: @imap))
      expect(process.await_log("Disconnected. Resetting...")["error"]).to match(/ssl.*start_tls|start_tls.*ssl/)
      expect(process.everything_said).not_to include(dovecot.password)
    end

    it "that numbers its mails anew loses and doubles nothing" do
      start
      3.times { |number| @imap.append(user, Mails.plain(number)) }
      process = mail_room(mailbox(user, server: @imap))
      wait_until(20, "three jobs") { jobs == 3 }
      wait_until(20, "all to be seen") { @imap.uids(user, "UNSEEN").empty? }
      @imap.kill9
      @imap.change_uid_validity(user)
      3.upto(5) { |number| @imap.append(user, Mails.plain(number)) }
      @imap.start
      wait_until(40, -> { "six jobs: #{process.everything_said[-2000..]}" }) { jobs == 6 }
      wait_until(20, "all to be seen") { @imap.uids(user, "UNSEEN").empty? }
      expect(delivered).to match_array((0..5).map { |number| Mails.plain(number).b })
    end

    it "paused while idling is noticed when it is back" do
      start
      process = mail_room(mailbox(user, server: @imap, idle_timeout: 2))
      process.await_log("Idling")
      @imap.pause
      expect(process.await_log("Disconnected. Resetting...", 60)["error"]).not_to be_empty
      @imap.append(user, Mails.plain(1))
      @imap.resume
      wait_until(60, "the mail") { delivered == [Mails.plain(1).b] }
    end
  end

  it "does not let a mailbox wait for the claims of another with equal UIDs" do
    other = dovecot.new_user
    [user, other].each { |name| 50.times { |number| dovecot.append(name, Mails.plain(number)) } }
    slow = { claim_ttl: 600, redis_url: redis.url }
    mail_room(mailbox(user, arbitration_options: slow), mailbox(other, arbitration_options: slow))
    wait_until(20, "both") { jobs == 100 }
    expect(delivered.tally.values).to all(eq(2))
  end

  it "sets aside a mail that is larger than allowed, without fetching it" do
    dovecot.append(user, Mails.plain(1, 300_000))
    dovecot.append(user, Mails.plain(2))
    process = mail_room(mailbox(user, max_message_size: 100_000, delete_after_delivery: true, expunge_deleted: true))
    expect(process.await_log("Message set aside")["error"]).to include("max_message_size")
    wait_until(20, "the other one") { delivered == [Mails.plain(2).b] }
    wait_until(20, "one to be left") { dovecot.messages(user).map { |one| (one.flags - [:Recent]).sort } == [%i[Flagged Seen]] }
  end

  it "opens its log anew on HUP" do
    process = mail_room(mailbox(user))
    process.await_log("Idling")
    log = File.join(process.dir, "mail_room.log")
    before = File.readlines(log).size
    File.rename(log, "#{log}.1")
    process.signal("HUP")
    dovecot.append(user, Mails.plain(1))
    wait_until(20, "a job") { jobs == 1 }
    wait_until(20, "the new log") { File.exist?(log) && File.read(log).include?("sending to deliverer") }
    expect(File.readlines("#{log}.1").size).to be >= before
    expect(process).to be_alive
  end

  it "raises Interrupt in the main thread on Ctrl-C, as in irb, when the watchers have stopped" do
    script = <<~RUBY
      require "mail_room"
      box = MailRoom::Mailbox.new(email: #{user.inspect}, password: #{dovecot.password.inspect}, host: #{dovecot.host.inspect},
                                  port: #{dovecot.port}, ssl: false, name: "INBOX", delivery_method: "noop", logger: { log_path: :stdout })
      begin
        MailRoom::Coordinator.new([box]).run
      rescue Interrupt
        puts "interrupted"
      end
    RUBY
    PTY.spawn(RbConfig.ruby, "-I", File.expand_path("../../lib", __dir__), "-e", script) do |output, input, pid|
      said = +""
      reading = Thread.new { loop { said << output.readpartial(4096) } rescue nil } # rubocop:disable Style/RescueModifier -- ends with EIO
      wait_until(20, -> { "it to idle: #{said}" }) { said.include?("Idling") }
      input.write("\x03")
      wait_until(10, -> { "Interrupt: #{said}" }) { said.include?("interrupted") }
      expect(said).to include("Quitting connection...")
      reading.join(5)
      Process.wait(pid)
    end
  end

  describe "the demonstration" do
    let(:command) { [RbConfig.ruby, File.expand_path("../../contrib/demo/demo.rb", __dir__)] }

    it "ends by itself after the backlog with --once" do
      output, status = Open3.capture2e(*command, "--once")
      expect(output).to include("10 of 12 mails delivered, 2 rejected, each once")
      expect(status.exitstatus).to eq(0)
    end

    it "ends with Ctrl-C and leaves nothing behind" do
      PTY.spawn(*command) do |output, input, pid|
        said = +""
        reading = Thread.new { loop { said << output.readpartial(4096) } rescue nil } # rubocop:disable Style/RescueModifier -- ends with EIO
        wait_until(30, -> { "mails: #{said}" }) { said.scan("EmailReceiverWorker <-").size > 12 }
        children = File.read("/proc/#{pid}/task/#{pid}/children").split
        expect(children.size).to be >= 3
        input.write("\x03")
        wait_until(30, -> { "the end: #{said}" }) { said.include?("each once") }
        reading.join(20)
        Process.wait(pid)
        expect(children.select { |child| File.exist?("/proc/#{child}") }).to be_empty
      end
    end
  end
end
