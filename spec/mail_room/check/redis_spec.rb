# frozen_string_literal: true

RSpec.describe MailRoom::Check::Redis do
  include Checking

  def arbitration(**options)
    { email: "a@b.c", password: "x", host: "127.0.0.1", port: ServerProcess.free_port, name: "INBOX", delivery_method: "noop",
      arbitration_method: "redis", arbitration_options: options }
  end

  def running(servers)
    yield(*servers.each(&:start))
  ensure
    servers.each(&:remove)
  end

  it "finds a Redis that takes writes, and writes nothing" do
    keys = redis.call("KEYS", "*")
    steps = steps_of(arbitration(redis_url: redis.url(3))).select { |step| step.id.start_with?("arbitration.") }
    expect(steps.map { |step| [step.id, step.status, step.detail] }).to eq(
      [["arbitration.connected", :ok, "Redis 127.0.0.1:#{redis.port}/3"], ["arbitration.role", :ok, nil],
       ["arbitration.permitted", :ok, nil]]
    )
    expect(redis.call("KEYS", "*")).to eq(keys)
  end

  it "says the same of Sidekiq's" do
    box = arbitration.merge(delivery_method: "sidekiq", delivery_options: { redis_url: redis.unix_url, worker: "W" })
    steps = steps_of(box).select { |step| step.id.start_with?("sidekiq.") }
    expect(steps.map { |step| [step.question, step.status] })
      .to eq([["Redis of Sidekiq can be reached?", :ok], ["Redis of Sidekiq takes writes?", :ok],
              ["Redis of Sidekiq permits what we do there?", :ok]])
  end

  it "says that it is not there" do
    expect(lines_of("arbitration.connected", arbitration(redis_url: "redis://127.0.0.1:#{ServerProcess.free_port}")))
      .to match([/Redis of arbitration can be reached\? ... no/, /Connection refused.*check that it runs/,
                 /Try fixing it: Check redis_url in arbitration_options/])
  end

  it "says that a password is wrong, and not which" do
    running([TestRedis.new(password: "hidden")]) do |server|
      { server.url.sub("hidden", "hidden2") => /WRONGPASS.*correct user and password/, server.url.sub(/:hidden@/, "") => /NOAUTH/ }
        .each do |url, detail|
          step = step_of("arbitration.connected", arbitration(redis_url: url))
          expect(step.detail).to match(detail)
          expect(step.to_h.values.join).not_to include("hidden")
        end
    end
  end

  # A user of this name, with these rules.
  def as_user(server, rules)
    server.call("ACL", "SETUSER", "mail_room", "reset", "on", ">hidden", *rules.split)
    "redis://mail_room:hidden@127.0.0.1:#{server.port}"
  end

  it "lists what its user may not do, and writes nothing" do
    running([TestRedis.new]) do |server|
      # What the original needs.
      url = as_user(server, "+set +lpush ~delivered:* ~queue:*")
      step = step_of("arbitration.permitted", arbitration(redis_url: url))
      expect(step.to_h).to include(status: :failed, question: "Redis of arbitration permits what we do there?")
      expect(step.detail).to include("permissions (ACL): +get +mget +pexpire +pttl +del +evalsha +script|load ~attempts:* ~heartbeat:*;")
      expect(step.detail).not_to include("hidden")
      url = as_user(server, "+@all ~other:*")
      expect(step_of("arbitration.permitted", arbitration(redis_url: url, namespace: "ns")).detail)
        .to include("(ACL): ~ns:delivered:* ~ns:attempts:* ~ns:heartbeat:*;")
      box = arbitration.merge(delivery_method: "sidekiq", delivery_options: { redis_url: url, worker: "W", queue: "mails" })
      expect(step_of("sidekiq.permitted", box).detail).to include("(ACL): ~queue:mails;")
      expect(server.call("KEYS", "*")).to eq([])
    end
  end

  it "is content with the user that the docs advise, and so is watching", :servers do
    line = File.read(File.expand_path("../../../docs/migrating.md", __dir__))[/^ACL SETUSER .*$/]
    user, password, *rules = line.delete_prefix("ACL SETUSER ").split
    expect([user, password]).to eq(%w[mail_room on])
    running([TestRedis.new]) do |server|
      server.call("ACL", "SETUSER", user, "reset", "on", *rules.map { |rule| rule.sub(">PASSWORD", ">hidden") })
      options = { redis_url: "redis://mail_room:hidden@127.0.0.1:#{server.port}" }
      login = dovecot.new_user
      mails = Array.new(30) { |number| Mails.plain(number).b }
      mails.each { |mail| dovecot.append(login, mail) }
      box = mailbox(login, delivery_options: { **options, worker: "W", queue: "mails" }, arbitration_options: options)
      expect(steps_of(box).reject { |step| step.status == :ok }).to eq([])
      process = mail_room(box)
      wait_until(30, -> { process.everything_said[-3000..] }) { server.call("LLEN", "queue:mails") >= 30 }
      wait_until(30, "all to be seen") { dovecot.uids(login, "UNSEEN").empty? }
      expect(delivered(server).tally).to eq(mails.tally)
      expect(process.term.exitstatus).to eq(0)
      expect(process.everything_said).not_to include("NOPERM")
      expect(server.call("KEYS", "heartbeat:*")).to eq([])
    end
  end

  it "says at run time what its user may not do" do
    running([TestRedis.new]) do |server|
      url = as_user(server, "+set +lpush ~delivered:* ~queue:*")
      process = mail_room(mailbox(dovecot.new_user.tap { |user| dovecot.append(user, Mails.plain(1)) },
                                  arbitration_options: { redis_url: url }))
      expect(process.await_log("Delivery paused")["error"])
        .to match(/NOPERM.*lacks a permission \(ACL\).*\+mget.*\+evalsha.*~heartbeat:\*.*`mail_room check` lists which/)
      expect(server.call("KEYS", "*")).to eq([])
    end
  end

  it "says that it is a replica" do
    running([TestRedis.new(replica_of: redis)]) do |replica|
      step = wait_until(10, "the replica to be in step") do
        found = steps_of(arbitration(redis_url: replica.url)).find { |candidate| candidate.id == "arbitration.role" }
        found if found&.detail&.include?("replica")
      end
      expect(step.to_h).to include(status: :failed, question: "Redis of arbitration takes writes?", detail: /point redis_url to the master/)
    end
  end

  it "finds the master through Sentinels, and says when they know none" do
    running([TestSentinel.new(redis, name: "gitlab-redis")]) do |sentinel|
      found = { redis_url: sentinel.url, sentinels: [sentinel.address] }
      expect(step_of("arbitration.sentinel", arbitration(**found)).to_h)
        .to include(status: :ok, question: "Sentinels know the Redis of arbitration?", detail: "127.0.0.1:#{redis.port}")
      expect(step_of("arbitration.role", arbitration(**found)).status).to eq(:ok)
      expect(lines_of("arbitration.sentinel", arbitration(**found, redis_url: "redis://other/")))
        .to match([/Sentinels know the Redis of arbitration\? ... no/, /know no master called other/, /Check sentinels/])
    end
  end
end
