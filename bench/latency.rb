# frozen_string_literal: true

# Measures the time from the server's EXISTS to the job in Redis while idling, and from the start of the process to the first delivery.
# Prints the median and the maximum.
#
#   rake bench:latency [COUNT=50]

require_relative "../spec/support/dovecot"
require_relative "../spec/support/mail_room_process"
require_relative "../spec/support/mails"
require_relative "../spec/support/redis_server"
require_relative "../spec/support/tcp_proxy"

def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)

def show(what, seconds)
  sorted = seconds.sort
  median, worst = [sorted[sorted.size / 2], sorted.last].map { |value| format("%.1f", value * 1000) }
  puts "#{what}: median #{median} ms, worst #{worst} ms of #{sorted.size}"
end

count = Integer(ENV.fetch("COUNT", "50"))
dovecot = TestDovecot.new.start
redis = TestRedis.new.start
told = nil
proxy = TcpProxy.new(dovecot.port).start
proxy.from_server { |bytes, _| told ||= now if bytes.include?(" EXISTS") }
options = { password: dovecot.password, host: dovecot.host, ssl: false, name: "INBOX", delivery_method: "sidekiq",
            delivery_options: { redis_url: redis.url, worker: "EmailReceiverWorker" },
            arbitration_method: "redis", arbitration_options: { redis_url: redis.url } }
begin
  starts = Array.new(5) do |number|
    user = "start-#{number}@example.com"
    dovecot.append(user, Mails.plain(number))
    dovecot.uids(user)
    began = now
    process = MailRoomProcess.new([options.merge(email: user, port: dovecot.port)]).start
    redis.call("BRPOP", "queue:default", 30)
    (now - began).tap { process.remove }
  end

  process = MailRoomProcess.new([options.merge(email: "idle@example.com", port: proxy.port)]).start
  delays = Array.new(count) do |number|
    WaitUntil.wait_until(30, "it to idle") { process.idles? }
    told = nil
    dovecot.append("idle@example.com", Mails.plain(number))
    redis.call("BRPOP", "queue:default", 30)
    (now - told)
  end

  show("start to first delivery", starts)
  show("EXISTS to Redis", delays)
ensure
  process&.remove
  [proxy, redis, dovecot].each(&:remove)
end
