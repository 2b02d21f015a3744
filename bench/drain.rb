# frozen_string_literal: true

# Drains a backlog into Sidekiq, and an identical mailbox over a raw socket with the bare minimum: SEARCH, one FETCH of everything,
# STORE and EXPUNGE. Prints the ratio of the two times, measured in one run; and that of a drain with metrics to one without. ROUNDS
# repeats that pair.
#
#   rake bench:drain [COUNT=20000] [SIZE=3000] [ROUNDS=1]

require_relative "../spec/support/dovecot"
require_relative "../spec/support/health_client"
require_relative "../spec/support/mail_room_process"
require_relative "../spec/support/mails"
require_relative "../spec/support/redis_server"

# The least a client has to do.
class RawSession
  def initialize(host, port, user, password)
    @socket = TCPSocket.new(host, port)
    @socket.setsockopt(Socket::IPPROTO_TCP, Socket::TCP_NODELAY, 1)
    @socket.gets
    command("LOGIN #{user} #{password}")
    command("SELECT INBOX")
  end

  def drain
    command("UID SEARCH UNSEEN")
    octets = command("UID FETCH 1:* (UID BODY.PEEK[])")
    command("UID STORE 1:* +FLAGS.SILENT (\\Seen \\Deleted)")
    command("EXPUNGE")
    octets
  end

  private

  # Reads until the tagged answer, as fast as reading goes.
  def command(text)
    @tag = @tag.to_i + 1
    @socket.write("a#{@tag} #{text}\r\n")
    done = /(?:\A|\n)a#{@tag} (OK|NO|BAD)[^\n]*\n\z/
    octets = 0
    tail = +""
    until (answer = tail.match(done))
      piece = @socket.readpartial(1 << 18)
      octets += piece.bytesize
      tail = (tail + piece)[-4096..] || (tail + piece)
    end
    raise "the server refused #{text}" unless answer[1] == "OK"

    octets
  end
end

def seconds
  began = Process.clock_gettime(Process::CLOCK_MONOTONIC)
  yield
  Process.clock_gettime(Process::CLOCK_MONOTONIC) - began
end

# One drain by mail_room, with the metrics scraped every second if there is a port.
class Drain
  def initialize(dovecot, redis, user, port = nil)
    @dovecot = dovecot
    @redis = redis
    @user = user
    @port = port
  end

  # @return [Array(Float, Float, Integer)] seconds, those of the processors, and the peak of the resident memory in KiB
  def run(count)
    @redis.call("DEL", "queue:default")
    process = MailRoomProcess.new([box], settings: @port ? { health_check: { address: "127.0.0.1", port: @port } } : {}).start
    process.await_log("Processing started")
    worked = process.cpu_seconds
    scraper = Thread.new { scrape } if @port
    took = seconds { WaitUntil.wait_until(300, "the drain to end") { process.idles? } }
    delivered = @redis.call("LLEN", "queue:default")
    raise "#{delivered} delivered, #{@dovecot.uids(@user).size} left" unless delivered == count

    [took, process.cpu_seconds - worked, process.peak_rss_kb].tap { process.term }
  ensure
    scraper&.kill
    process&.remove
  end

  private

  def box
    { email: @user, password: @dovecot.password, host: @dovecot.host, port: @dovecot.port, ssl: false, name: "INBOX",
      delete_after_delivery: true, expunge_deleted: true,
      delivery_method: "sidekiq", delivery_options: { redis_url: @redis.url, worker: "EmailReceiverWorker" },
      arbitration_method: "redis", arbitration_options: { redis_url: @redis.url } }
  end

  def scrape
    loop do
      HealthClient.get(@port, "/metrics", timeout: 10)
      sleep 1
    end
  end
end

count = Integer(ENV.fetch("COUNT", "20000"))
size = Integer(ENV.fetch("SIZE", "3000"))
rounds = Integer(ENV.fetch("ROUNDS", "1"))
dovecot = TestDovecot.new.start
redis = TestRedis.new.start
begin
  off, on = %w[off on].map { |which| Array.new(rounds) { |number| "#{which}-#{number}@example.com" } }
  ["raw@example.com", *off, *on].each do |user|
    count.times { |number| dovecot.append(user, Mails.plain(number, size)) }
    dovecot.uids(user) # Dovecot takes them into its index before anybody is timed
  end

  raw = RawSession.new(dovecot.host, dovecot.port, "raw@example.com", dovecot.password)
  raw_seconds = seconds { raw.drain }

  drains = off.zip(on).each_with_index.map do |(without, with), number|
    pair = [Drain.new(dovecot, redis, without), Drain.new(dovecot, redis, with, ServerProcess.free_port)]
    # Each comes first as often as the other.
    order = number.even? ? pair : pair.reverse
    results = order.to_h { |drain| [drain, drain.run(count)] }
    results.values_at(*pair)
  end
  ours, watched = drains.transpose
  our_seconds, watched_seconds = [ours, watched].map { |results| results.sum(&:first) / rounds }
  our_work, watched_work = [ours, watched].map { |results| results.sum { |_, work, _| work } / rounds }

  puts "#{count} mails of #{size} octets: raw socket #{format("%.2f", raw_seconds)} s, mail_room #{format("%.2f", our_seconds)} s, " \
       "ratio #{format("%.2f", our_seconds / raw_seconds)}, peak resident memory #{ours.map(&:last).max / 1024} MB"
  each = drains.map { |pair| pair.map { |took, *| format("%.2f", took) }.join("/") }.join(", ")
  puts "with metrics, scraped every second: #{format("%.2f", watched_seconds)} s, ratio to without " \
       "#{format("%.3f", watched_seconds / our_seconds)}, peak resident memory #{watched.map(&:last).max / 1024} MB " \
       "(processors: #{format("%.2f", watched_work)} against #{format("%.2f", our_work)} s; each: #{each} s)"
ensure
  [redis, dovecot].each(&:remove)
end
