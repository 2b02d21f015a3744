# frozen_string_literal: true

# What networks and servers do to connections, and what becomes of the mail: it arrives, once.
RSpec.describe "a network that fails", :servers do
  let(:user) { dovecot.new_user }
  let(:imap) { TcpProxy.new(dovecot.port).start }
  let(:wire) { TcpProxy.new(redis.port).start }

  after { [imap, wire].each(&:remove) }

  def fill(count, size = 2_000)
    mails = Array.new(count) { |number| Mails.plain(number, size).b }
    mails.each { |mail| dovecot.append(user, mail) }
    mails
  end

  # The queue and the claims through the proxy.
  def through(wire, claim_ttl: 2)
    url = "redis://127.0.0.1:#{wire.port}"
    { delivery_options: { redis_url: url, worker: "EmailReceiverWorker", queue: "mails" },
      arbitration_options: { redis_url: url, claim_ttl: claim_ttl } }
  end

  def expect_once(mails, process)
    wait_until(60, -> { "#{mails.size} jobs, not #{redis.call("LLEN", "queue:mails")}: #{process.everything_said[-2000..]}" }) do
      redis.call("LLEN", "queue:mails") >= mails.size
    end
    wait_until(30, "all to be seen") { dovecot.uids(user, "UNSEEN").empty? }
    expect(process).to be_alive
    expect(delivered.tally).to eq(mails.tally)
  end

  it "cuts the mail server off in mid-FETCH, again and again" do
    mails = fill(300)
    cuts = 6
    imap.from_server do |_, connection|
      if cuts.positive? && connection.server_octets > 60_000
        cuts -= 1
        connection.cut
      end
    end
    process = mail_room(mailbox(user, port: imap.port))
    expect_once(mails, process)
    expect(cuts).to eq(0)
    expect(process.log.count { |line| line["action"] == "Disconnected. Resetting..." }).to be >= 6
  end

  it "loses Redis' answer to a delivery that was made" do
    mails = fill(200)
    lost = 0
    asked = false
    wire.from_client { |bytes, _| asked = true if lost < 3 && bytes.include?("queue:mails") }
    wire.from_server do |_, connection|
      if asked
        asked = false
        lost += 1
        connection.cut
      end
    end
    process = mail_room(mailbox(user, **through(wire)))
    expect_once(mails, process)
    expect(lost).to eq(3)
  end

  it "says nothing any more on Redis' side, for longer than the claims live" do
    mails = fill(1_500)
    process = mail_room(mailbox(user, **through(wire)))
    wait_until(30, "the drain to begin") { redis.call("LLEN", "queue:mails") >= 50 }
    wire.hold
    process.await_log("Delivery paused", 60)
    wire.release
    released = now
    expect_once(mails, process)
    RSpec.configuration.reporter.message("all of it #{format("%.1f", now - released)} s after Redis answered again")
  end

  def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)

  it "is frozen on Redis' side for eight seconds, and goes on" do
    server = TestRedis.new(persistent: true).start
    mails = fill(2_000)
    process = mail_room(mailbox(user, redis: server))
    wait_until(30, "the drain to begin") { server.call("LLEN", "queue:mails") >= 50 }
    server.pause
    frozen = now
    wait_until(30, "eight seconds") { now - frozen > 8 }
    server.resume
    resumed = now
    before = server.call("LLEN", "queue:mails")
    wait_until(5, "mail to be delivered again") { before == mails.size || server.call("LLEN", "queue:mails") > before }
    wait_until(40, "all jobs") { server.call("LLEN", "queue:mails") >= mails.size }
    RSpec.configuration.reporter.message("all of it #{format("%.1f", now - resumed)} s after Redis was thawed")
    wait_until(30, "all to be seen") { dovecot.uids(user, "UNSEEN").empty? }
    expect(process).to be_alive
    expect(delivered(server).tally).to eq(mails.tally)
  ensure
    server&.remove
  end

  it "lets a mail arrive between SEARCH and IDLE" do
    mail = Mails.plain(1).b
    appended = nil
    imap.from_client do |bytes, _|
      if appended.nil? && bytes.include?(" IDLE\r\n")
        dovecot.append(user, mail)
        appended = now
      end
    end
    process = mail_room(mailbox(user, port: imap.port))
    wait_until(10, "the mail") { delivered == [mail] }
    RSpec.configuration.reporter.message("appended before IDLE: in Redis after #{((now - appended) * 1000).round} ms")
    expect(process.term(5).exitstatus).to eq(0)
  end

  describe "and SIGTERM" do
    def ends_within(seconds, process)
      began = now
      expect(process.term(seconds).exitstatus).to eq(0)
      RSpec.configuration.reporter.message("ended after #{((now - began) * 1000).round} ms")
    end

    it "ends soon while the server does not greet" do
      silent = TCPServer.new("127.0.0.1", 0)
      process = mail_room(mailbox(user, port: silent.addr[1]))
      silent.accept
      ends_within(2, process)
    ensure
      silent&.close
    end

    it "ends soon between two tries to connect" do
      process = mail_room(mailbox(user, port: 1))
      process.await_log("Disconnected. Resetting...")
      ends_within(2, process)
    end

    it "ends soon while Redis is away" do
      fill(3)
      process = mail_room(mailbox(user, redis: TestRedis.new))
      process.await_log("Delivery paused")
      ends_within(2, process)
    end

    # What is delivered and not yet marked is worth waiting for.
    { "LOGIN" => 2, "SELECT" => 2, "SEARCH" => 2, "FETCH" => 2, "STORE" => 25, "IDLE" => 2 }.each do |command, seconds|
      it "ends in time when the server falls silent at #{command}" do
        mails = fill(3)
        silent = Queue.new
        imap.from_client do |bytes, _|
          if bytes.include?(command) && silent.empty?
            imap.hold
            silent << true
          end
        end
        process = mail_room(mailbox(user, port: imap.port))
        wait_until(20, "the command") { !silent.empty? }
        ends_within(seconds, process)
        imap.from_client { nil }
        imap.release
        expect_once(mails, mail_room(mailbox(user)))
      end
    end
  end
end
