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
      [["arbitration.connected", :ok, "Redis 127.0.0.1:#{redis.port}/3"], ["arbitration.role", :ok, nil]]
    )
    expect(redis.call("KEYS", "*")).to eq(keys)
  end

  it "says the same of Sidekiq's" do
    box = arbitration.merge(delivery_method: "sidekiq", delivery_options: { redis_url: redis.unix_url, worker: "W" })
    steps = steps_of(box).select { |step| step.id.start_with?("sidekiq.") }
    expect(steps.map { |step| [step.question, step.status] })
      .to eq([["Redis of Sidekiq can be reached?", :ok], ["Redis of Sidekiq takes writes?", :ok]])
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
