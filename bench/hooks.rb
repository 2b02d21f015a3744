# frozen_string_literal: true

# Measures the throughput of a Ruby class that does nothing, and how much of its time a sibling thread keeps meanwhile.
#
#   rake bench:hooks [COUNT=2000]

require "mail_room"
require_relative "../spec/support/dovecot"
require_relative "../spec/support/mails"

# Takes everything.
class NothingDelivery
  Options = Struct.new(:mailbox)

  class << self
    attr_accessor :count
  end
  self.count = 0

  def initialize(_options) = nil

  def deliver(_raw)
    self.class.count += 1
    true
  end
end

def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)

# A thread that sleeps for a millisecond and counts: what it counts tells whether it gets the GVL when it wants it.
def ticks_while
  ticks = 0
  sibling = Thread.new { loop { sleep(0.001) && ticks += 1 } }
  began = now
  yield
  [ticks / (now - began), now - began]
ensure
  sibling&.kill
end

count = Integer(ENV.fetch("COUNT", "2000"))
dovecot = TestDovecot.new.start
begin
  user = "hooks@example.com"
  count.times { |number| dovecot.append(user, Mails.plain(number, 3_000)) }
  dovecot.uids(user)
  mailbox = MailRoom::Mailbox.new(email: user, password: dovecot.password, host: dovecot.host, port: dovecot.port, ssl: false,
                                  name: "INBOX", delivery_klass: NothingDelivery)
  coordinator = MailRoom::Coordinator.new([mailbox])
  alone, = ticks_while { sleep 1 }
  runner = nil
  beside, seconds = ticks_while do
    runner = Thread.new { coordinator.run }
    sleep 0.001 until NothingDelivery.count >= count
  end
  coordinator.quit
  runner.join
  puts "#{count} mails through a Ruby class: #{(count / seconds).round} mails/s, start and login included; " \
       "a sibling thread keeps #{(beside / alone * 100).round} % of its ticks"
ensure
  dovecot.remove
end
