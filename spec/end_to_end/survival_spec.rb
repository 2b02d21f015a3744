# frozen_string_literal: true

# What mail_room does not survive.
RSpec.describe "surviving", :servers do
  let(:user) { dovecot.new_user }
  let(:private_redis) { TestRedis.new(persistent: true).start }

  def fill(count, server = dovecot)
    mails = Array.new(count) { |number| Mails.plain(number, 1_000).b }
    mails.each { |mail| server.append(user, mail) }
    mails
  end

  def all_arrived?(mails, redis)
    redis.call("LLEN", "queue:mails") >= mails.size
  end

  it "is killed ten times in mid-drain, and every mail arrives once" do
    mails = fill(2_000)
    rng = Random.new(RSpec.configuration.seed)
    10.times do |round|
      process = mail_room(mailbox(user))
      wanted = [(round * 200) + rng.rand(1..150), 1_990].min
      wait_until(30, -> { "#{wanted} jobs: #{process.everything_said[-2000..]}" }) do
        redis.call("LLEN", "queue:mails") >= wanted
      end
      process.kill9
    end
    mail_room(mailbox(user))
    wait_until(60, -> { "2000 jobs, not #{redis.call("LLEN", "queue:mails")}" }) { all_arrived?(mails, redis) }
    wait_until(30, "all to be seen") { dovecot.uids(user, "UNSEEN").empty? }
    expect(delivered.tally).to eq(mails.tally)
  end

  # With claims that live for a minute, as by default.
  def lasting(**options)
    mailbox(user, arbitration_options: { redis_url: redis.url }, **options)
  end

  it "is killed in mid-drain, and its successor on the same machine need not wait for its claims" do
    mails = fill(2_000)
    process = mail_room(lasting)
    wait_until(30, "the drain to begin") { redis.call("LLEN", "queue:mails") >= 100 }
    process.kill9
    left = mails.size - redis.call("LLEN", "queue:mails")
    expect(left).to be_positive
    started = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    mail_room(lasting)
    wait_until(45, -> { "2000 jobs, not #{redis.call("LLEN", "queue:mails")}" }) { all_arrived?(mails, redis) }
    took = Process.clock_gettime(Process::CLOCK_MONOTONIC) - started
    RSpec.configuration.reporter.message("#{left} of 2000 mails left at kill -9: the last one arrived #{took.round(1)} s after the restart")
    wait_until(30, "all to be seen") { dovecot.uids(user, "UNSEEN").empty? }
    expect(delivered.tally).to eq(mails.tally)
    expect(took).to be < 30
  end

  it "shares a mailbox that is listed twice among its two watchers" do
    mails = fill(200)
    server = HttpServer.new.start
    posting = lasting(delivery_method: "postback", delivery_options: { delivery_url: server.url })
    process = mail_room(posting, posting)
    wait_until(60, -> { "200 posts, not #{server.accepted.size}" }) { server.accepted.size >= 200 }
    wait_until(30, "all to be seen") { dovecot.uids(user, "UNSEEN").empty? }
    expect(process.term.exitstatus).to eq(0)
    expect(server.accepted.map(&:body).tally).to eq(mails.tally)
    expect(process.stderr).not_to include("twice")
    expect(redis.call("KEYS", "heartbeat:*")).to eq([])
  ensure
    server&.stop
  end

  # Each travels alone or nearly so: the frozen one has claimed some of them, and found all.
  it "is frozen for longer than it is remembered what was delivered, and every mail arrives once", :slow do
    mails = Array.new(12) { |number| Mails.plain(number, 9 << 20).b }
    mails.each { |mail| dovecot.append(user, mail) }
    frozen = mail_room(lasting)
    wait_until(60, "the drain to begin") { redis.call("LLEN", "queue:mails") >= 1 }
    frozen.signal("STOP")
    expect(redis.call("LLEN", "queue:mails")).to be < 12
    mail_room(lasting)
    wait_until(180, -> { "12 jobs, not #{redis.call("LLEN", "queue:mails")}" }) { redis.call("LLEN", "queue:mails") >= 12 }
    wait_until(60, "all to be seen") { dovecot.uids(user, "UNSEEN").empty? }
    wait_until(700, "Redis to have forgotten them") { redis.call("KEYS", "delivered:*").empty? }
    frozen.signal("CONT")
    wait_until(60, "the thawed one to idle") { frozen.log.last["action"] == "Idling" }
    expect(delivered.tally).to eq(mails.tally)
  end

  it "goes on when Redis was killed and comes back" do
    mails = fill(2_000)
    process = mail_room(mailbox(user, redis: private_redis))
    wait_until(30, "the drain to begin") { private_redis.call("LLEN", "queue:mails") >= 100 }
    private_redis.kill9
    process.await_log("Delivery paused")
    private_redis.start
    wait_until(30, "2000 jobs") { all_arrived?(mails, private_redis) }
    wait_until(30, "all to be seen") { dovecot.uids(user, "UNSEEN").empty? }
    expect(process).to be_alive
    expect(delivered(private_redis).tally).to eq(mails.tally)
  ensure
    private_redis.remove
  end

  it "goes on when Redis was out of memory" do
    mails = fill(1_000)
    private_redis.out_of_memory
    process = mail_room(mailbox(user, redis: private_redis))
    expect(process.await_log("Delivery paused")["error"]).to include("OOM")
    private_redis.memory_back
    wait_until(30, "1000 jobs") { all_arrived?(mails, private_redis) }
    expect(delivered(private_redis).tally).to eq(mails.tally)
  ensure
    private_redis.remove
  end

  it "goes on when Dovecot was killed and comes back" do
    server = TestDovecot.new.start
    mails = fill(1_500, server)
    process = mail_room(mailbox(user, server: server))
    wait_until(30, "the drain to begin") { redis.call("LLEN", "queue:mails") >= 50 }
    server.kill9
    process.await_log("Disconnected. Resetting...")
    server.start
    wait_until(60, "1500 jobs") { all_arrived?(mails, redis) }
    wait_until(30, "all to be seen") { server.uids(user, "UNSEEN").empty? }
    expect(delivered.tally).to eq(mails.tally)
  ensure
    server&.remove
  end

  it "shares a mailbox among three processes of which one is killed" do
    mails = fill(1_500)
    processes = Array.new(3) { mail_room(mailbox(user)) }
    wait_until(30, "the drain to begin") { redis.call("LLEN", "queue:mails") >= 100 }
    processes.first.kill9
    wait_until(60, "1500 jobs") { all_arrived?(mails, redis) }
    wait_until(30, "all to be seen") { dovecot.uids(user, "UNSEEN").empty? }
    expect(delivered.tally).to eq(mails.tally)
  end

  it "is frozen past its claims, and every mail arrives once" do
    mails = fill(1_500)
    frozen = mail_room(mailbox(user))
    wait_until(30, "the drain to begin") { redis.call("LLEN", "queue:mails") >= 50 }
    frozen.signal("STOP")
    mail_room(mailbox(user))
    wait_until(60, "1500 jobs") { all_arrived?(mails, redis) }
    frozen.signal("CONT")
    wait_until(30, "the thawed one to idle") { frozen.log.last["action"] == "Idling" }
    expect(delivered.tally).to eq(mails.tally)
  end

  it "keeps a mailbox's trouble its own" do
    mails = fill(5)
    process = mail_room(mailbox(user), mailbox("nobody@example.com", password: "wrong"), mailbox("x@example.com", port: 1))
    wait_until(20, "5 jobs") { all_arrived?(mails, redis) }
    errors = wait_until(20, "two errors") do
      found = process.log.select { |line| line["action"] == "Disconnected. Resetting..." }
      found if found.map { |line| line["context"]["email"] }.uniq.size == 2
    end
    expect(errors.map { |line| line["context"]["email"] }.uniq).to contain_exactly("nobody@example.com", "x@example.com")
    expect(process.everything_said).not_to include("wrong")
  end

  it "ends at once while idling, and cleanly in mid-drain" do
    process = mail_room(mailbox(user))
    process.await_log("Idling")
    expect(process.term(5).exitstatus).to eq(0)

    mails = fill(2_000)
    process = mail_room(mailbox(user))
    wait_until(30, "the drain to begin") { redis.call("LLEN", "queue:mails") >= 50 }
    expect(process.term(25).exitstatus).to eq(0)
    mail_room(mailbox(user))
    wait_until(60, "2000 jobs") { all_arrived?(mails, redis) }
    wait_until(30, "all to be seen") { dovecot.uids(user, "UNSEEN").empty? }
    expect(delivered.tally).to eq(mails.tally)
  end

  it "watches 200 mailboxes with at most 16 threads" do
    users = Array.new(200) { dovecot.new_user }
    users.each_with_index { |name, number| dovecot.append(name, Mails.plain(number)) }
    process = mail_room(*users.map { |name| mailbox(name) })
    most = 0
    wait_until(60, -> { "200 jobs, not #{redis.call("LLEN", "queue:mails")}" }) do
      most = [most, process.threads].max
      redis.call("LLEN", "queue:mails") >= 200
    end
    expect(most).to be <= 16
    expect(delivered).to match_array(Array.new(200) { |number| Mails.plain(number).b })
  end
end
