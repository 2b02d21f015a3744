# frozen_string_literal: true

# Drains a backlog into Sidekiq, and an identical mailbox over a raw socket with the bare minimum: SEARCH, one FETCH of everything,
# STORE and EXPUNGE. Prints the ratio of the two times, measured in one run.
#
#   rake bench:drain [COUNT=20000] [SIZE=3000]

require_relative "../spec/support/dovecot"
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

count = Integer(ENV.fetch("COUNT", "20000"))
size = Integer(ENV.fetch("SIZE", "3000"))
dovecot = TestDovecot.new.start
redis = TestRedis.new.start
begin
  users = %w[raw@example.com warm@example.com ours@example.com]
  users.each do |user|
    (user == "warm@example.com" ? 1 : count).times { |number| dovecot.append(user, Mails.plain(number, size)) }
    dovecot.uids(user) # Dovecot takes them into its index before anybody is timed
  end

  raw = RawSession.new(dovecot.host, dovecot.port, "raw@example.com", dovecot.password)
  raw_seconds = seconds { raw.drain }

  box = { email: "ours@example.com", password: dovecot.password, host: dovecot.host, port: dovecot.port, ssl: false, name: "INBOX",
          delete_after_delivery: true, expunge_deleted: true,
          delivery_method: "sidekiq", delivery_options: { redis_url: redis.url, worker: "EmailReceiverWorker" },
          arbitration_method: "redis", arbitration_options: { redis_url: redis.url } }
  process = MailRoomProcess.new([box]).start
  process.await_log("Processing started")
  our_seconds = seconds { WaitUntil.wait_until(300, "the drain to end") { process.idles? } }
  delivered = redis.call("LLEN", "queue:default")
  raise "#{delivered} delivered, #{dovecot.uids("ours@example.com").size} left" unless delivered == count

  puts "#{count} mails of #{size} octets: raw socket #{format("%.2f", raw_seconds)} s, mail_room #{format("%.2f", our_seconds)} s, " \
       "ratio #{format("%.2f", our_seconds / raw_seconds)}, peak resident memory #{process.peak_rss_kb / 1024} MB"
  process.term
ensure
  process&.remove
  [redis, dovecot].each(&:remove)
end
