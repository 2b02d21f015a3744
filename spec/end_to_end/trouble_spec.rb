# frozen_string_literal: true

# Trouble that administrators meet: it is told in words that say what to change, it ends, and what waited arrives, once.
RSpec.describe "trouble", :servers do
  let(:user) { dovecot.new_user }

  def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)

  def fill(count, size = 1_000)
    Array.new(count) { |number| Mails.plain(number, size).b }.each { |mail| dovecot.append(user, mail) }
  end

  def jobs(server = redis) = server.call("LLEN", "queue:mails")

  def expect_once(mails, server = redis)
    wait_until(60, -> { "#{mails.size} jobs, not #{jobs(server)}" }) { jobs(server) >= mails.size }
    wait_until(30, "all to be seen") { dovecot.uids(user, "UNSEEN").empty? }
    expect(delivered(server).tally).to eq(mails.tally)
  end

  # A password that nothing else contains.
  let(:password) { "Tr0ub4dor-and-3" }

  it "with a refused login: says what to check, again and again, and never the password" do
    process = mail_room(mailbox(user, password: password))
    line = process.await_log("Disconnected. Resetting...")
    expect(line).to include("severity" => "WARN", "error" => /127\.0\.0\.1:#{dovecot.port}.*check email and password/,
                            "backoff_s" => be > 0)
    expect(process).to be_alive
    expect(process.term(5).exitstatus).to eq(0)
    expect(process.everything_said).not_to include(password)
  end

  it "with a host that is not there: says which, goes on, and delivers once it is" do
    port = ServerProcess.free_port
    process = mail_room(mailbox(user, port: port))
    expect(process.await_log("Disconnected. Resetting...")["error"]).to include("127.0.0.1:#{port}", "cannot connect")
    mails = fill(3)
    proxy = TcpProxy.new(dovecot.port, port).start
    expect_once(mails)
    expect(process.everything_said).not_to include(dovecot.password)
  ensure
    proxy&.remove
  end

  it "with a host name that cannot be resolved: says so and goes on" do
    process = mail_room(mailbox(user, host: "imap.invalid", password: password))
    expect(process.await_log("Disconnected. Resetting...", 30)["error"]).to match(/imap\.invalid.*resolve/)
    expect(process.term(5).exitstatus).to eq(0)
    expect(process.everything_said).not_to include(password)
  end

  it "with Redis killed in mid-drain: delivers again within 5 s of its return" do
    server = TestRedis.new(persistent: true).start
    mails = fill(2_000)
    process = mail_room(mailbox(user, redis: server))
    wait_until(30, "the drain to begin") { jobs(server) >= 50 }
    server.kill9
    expect(process.await_log("Delivery paused")).to include("severity" => "ERROR", "error" => /127\.0\.0\.1:#{server.port}/)
    server.start
    back = now
    before = jobs(server)
    wait_until(5, "deliveries to go on") { jobs(server) > before }
    RSpec.configuration.reporter.message("Redis killed: delivering again #{format("%.1f", now - back)} s after its return")
    expect_once(mails, server)
    expect(process).to be_alive
  ensure
    server&.remove
  end

  it "with ten mails at the head that are too large and limit_max_unread 10: the rest flows" do
    large = Array.new(10) { |number| Mails.plain(number, 50_000).b }.each { |mail| dovecot.append(user, mail) }
    mails = fill(25)
    process = mail_room(mailbox(user, limit_max_unread: 10, max_message_size: 20_000))
    expect_once(mails)
    wait_until(20, "ten set aside") { process.log.count { |line| line["action"] == "Message set aside" } == 10 }
    kept = dovecot.messages(user).select { |message| message.flags.include?(:Flagged) }
    expect(kept.map { |message| message.body.b }).to match_array(large)
  end

  it "with a Sentinel that speaks TLS and wants a password: delivers, and tells no secret" do
    server = TestRedis.new(password: "r3dis-secret", tls: true).start
    sentinel = TestSentinel.new(server, name: "gitlab-redis", password: "s3ntinel-secret", tls: true).start
    tls = { ca_file: server.certificates.ca_file }
    options = { redis_url: sentinel.url, redis_ssl_params: tls, sentinel_password: "s3ntinel-secret",
                sentinels: [sentinel.address.merge(ssl: true, ssl_params: tls)] }
    mails = fill(3)
    process = mail_room(mailbox(user, delivery_options: { worker: "EmailReceiverWorker", queue: "mails", **options },
                                      arbitration_options: options))
    expect_once(mails, server)
    expect(process.everything_said).not_to match(/r3dis-secret|s3ntinel-secret/)
  ensure
    [sentinel, server].compact.each(&:remove)
  end

  it "with logs that are moved away during a drain: no line is lost or torn" do
    mails = fill(1_500)
    process = mail_room(mailbox(user))
    log = File.join(process.dir, "mail_room.log")
    3.times do |turn|
      wait_until(30, "the drain to go on") { jobs >= 300 * (turn + 1) }
      File.rename(log, "#{log}.#{turn}")
      process.signal("HUP")
      wait_until(10, "a new log") { File.size?(log) }
    end
    expect_once(mails)
    wait_until(20, "it to idle") { process.idles? }
    lines = Dir["#{log}*"].flat_map { |file| File.readlines(file) }.map { |line| JSON.parse(line) }
    told = lines.select { |line| line["action"] == "sending to deliverer" }.map { |line| line["uid"] }
    expect(told).to match_array(1..1_500)
  end

  # The deadline for a server that says nothing is a minute: `rake spec:slow`.
  it "with a server that falls silent in mid-FETCH: is noticed within two minutes, and every mail arrives once", :slow do
    mails = fill(300)
    proxy = TcpProxy.new(dovecot.port).start
    silenced = nil
    proxy.from_server do |_, connection|
      if silenced.nil? && connection.server_octets > 100_000
        silenced = now
        proxy.hold
      end
    end
    process = mail_room(mailbox(user, port: proxy.port))
    wait_until(20, "a FETCH under way") { silenced }
    expect(process.await_log("Disconnected. Resetting...", 120)["error"]).to match(/sent nothing for/)
    RSpec.configuration.reporter.message("silent in mid-FETCH: noticed after #{format("%.1f", now - silenced)} s")
    proxy.release
    expect_once(mails)
  ensure
    proxy&.remove
  end
end
