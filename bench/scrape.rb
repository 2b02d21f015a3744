# frozen_string_literal: true

# Measures how long a scrape of many mailboxes takes, of which none is connected: until the first octet, which comes when the text is
# made, and until the last. Prints the median, the best and the worst, and the memory before and after.
#
#   rake bench:scrape [MAILBOXES=500] [COUNT=50]

require "socket"
require_relative "../spec/support/health_client"
require_relative "../spec/support/mail_room_process"

REQUEST = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)

# Octets, and the seconds until the first and the last of them.
def scrape(port)
  socket = TCPSocket.new("127.0.0.1", port)
  began = now
  socket.write(REQUEST)
  octets = socket.readpartial(1 << 16).bytesize
  first = now - began
  part = +""
  octets += part.bytesize while socket.read(1 << 20, part)
  [octets, first, now - began]
ensure
  socket&.close
end

def show(what, seconds)
  sorted = seconds.sort
  median, best, worst = [sorted[sorted.size / 2], sorted.first, sorted.last].map { |value| format("%.1f", value * 1000) }
  puts "#{what}: median #{median} ms, best #{best} ms, worst #{worst} ms of #{sorted.size}"
end

mailboxes = Array.new(Integer(ENV.fetch("MAILBOXES", "500"))) do |number|
  { email: "incoming-#{number}@example.com", password: "x", host: "127.0.0.1", port: 1, ssl: false, name: "INBOX",
    delivery_method: "noop", logger: { log_path: File::NULL } }
end
port = ServerProcess.free_port
process = MailRoomProcess.new(mailboxes, settings: { health_check: { address: "127.0.0.1", port: port } }).start
begin
  WaitUntil.wait_until(60, "all to be watched") do
    HealthClient.get(port, "/metrics", timeout: 10)&.last&.scan(/^mail_room_mailbox_up/)&.size == mailboxes.size
  end
  5.times { scrape(port) }
  before = process.rss_kb
  scrapes = Array.new(Integer(ENV.fetch("COUNT", "50"))) { scrape(port) }
  puts "#{mailboxes.size} mailboxes, #{scrapes.last.first} octets; memory #{before / 1024} MB before, #{process.rss_kb / 1024} MB after"
  show("to the first octet", scrapes.map { |_, first, _| first })
  show("to the last octet", scrapes.map(&:last))
ensure
  process.remove
end
