# frozen_string_literal: true

# The main job: what is in the mailbox arrives in the queue, once, and the mailbox says so.
RSpec.describe "delivering into Sidekiq", :servers do
  let(:user) { dovecot.new_user }

  it "delivers assorted mails exactly once, byte for byte, and empties the mailbox when told to" do
    mails = Mails.assorted(500)
    mails.each { |mail| dovecot.append(user, mail) }
    sent = dovecot.messages(user).map { |message| message.body.to_s.b }
    process = mail_room(mailbox(user, delete_after_delivery: true, expunge_deleted: true))

    queued = -> { redis.call("LLEN", "queue:mails") }
    wait_until(60, -> { "500 jobs, not #{queued.call}: #{process.everything_said[-2000..]}" }) { queued.call >= 500 }
    wait_until(20, "the mailbox to be empty") { dovecot.uids(user).empty? }
    expect(process.term.exitstatus).to eq(0)

    valid, converted = sent.partition { |mail| mail.dup.force_encoding("UTF-8").valid_encoding? }
    received = delivered
    expect(received.size).to eq(500)
    expect(received.tally).to include(valid.tally)
    expect(converted.size).to be > 50
    expect(received.count { |mail| mail.include?("Gr\u00FC\u00DFe".b) }).to eq(50)
  end

  it "leaves every mail seen, and nothing else changed, with both off" do
    20.times { |number| dovecot.append(user, Mails.plain(number)) }
    dovecot.append(user, Mails.plain(99), flags: [:Seen])
    process = mail_room(mailbox(user))

    wait_until(20, "20 jobs") { delivered.size >= 20 }
    wait_until(20, "all to be seen") { dovecot.uids(user, "UNSEEN").empty? }
    process.term
    expect(delivered).to match_array(Array.new(20) { |number| Mails.plain(number).b })
    expect(dovecot.messages(user).map { |message| message.flags - [:Recent] }).to all(eq([:Seen]))
  end

  it "writes the job that Sidekiq expects, and leaves only what the arbiter still needs" do
    dovecot.append(user, Mails.plain(1))
    process = mail_room(mailbox(user))
    wait_until(20, "a job") { delivered.size == 1 }
    process.await_log("Idling")
    process.term

    job = redis.jobs("mails").first
    expect(job.keys).to eq(%w[class args queue jid retry enqueued_at])
    expect(job).to include("class" => "EmailReceiverWorker", "queue" => "mails", "retry" => false,
                           "jid" => match(/\A\h{24}\z/), "enqueued_at" => be_within(60).of(Time.now.to_f))
    expect(redis.call("KEYS", "*").sort).to match(["delivered:1", start_with("delivered:1:127.0.0.1"), "queue:mails"])
    expect(redis.call("KEYS", "delivered:*").map { |key| redis.call("TTL", key) }).to all(be_between(500, 600))
  end

  it "sets aside what would be a larger job than max_job_size, and warns of large ones" do
    small = Mails.plain(1)
    # An octet that JSON escapes takes six.
    escaped = "Subject: escaped\r\n\r\n#{"\x01" * 10_000}\r\n"
    [small, Mails.plain(2, 60_000), escaped].each { |mail| dovecot.append(user, mail) }
    options = mailbox(user)[:delivery_options].merge(max_job_size: 50_000)
    process = mail_room(mailbox(user, delivery_options: options, failed_mailbox: "Failed"))
    wait_until(20, -> { "two set aside: #{process.everything_said[-2000..]}" }) do
      process.log.count { |line| line["action"] == "Message set aside" } == 2
    end
    errors = process.log.select { |line| line["action"] == "Message set aside" }.map { |line| line["error"] }
    expect(errors).to all(match(/its job would have \d+ octets, max_job_size allows 50000; it is moved to Failed/))
    wait_until(20, "both to be moved") do
      dovecot.messages(user, mailbox: "Failed").size == 2
    rescue Net::IMAP::NoResponseError
      false # there is no such folder yet
    end
    expect(delivered).to eq([small.b])
    process.term

    dovecot.append(user, Mails.plain(3, 11_000_000))
    process = mail_room(mailbox(user, arbitration_options: { redis_url: redis.url }))
    expect(process.await_log("Large message", 40)).to include("severity" => "WARN", "error" => /set max_job_size/)
    wait_until(40, "it to be delivered") { delivered.size == 2 }
  end

  it "notices new mail while idling" do
    process = mail_room(mailbox(user))
    process.await_log("Idling")
    dovecot.append(user, Mails.plain(1))
    wait_until(10, "the mail to arrive") { delivered == [Mails.plain(1).b] }
    expect(process.term.exitstatus).to eq(0)
  end

  it "goes on past limit_max_unread, and past mails that somebody else holds" do
    30.times { |number| dovecot.append(user, Mails.plain(number)) }
    (1..10).each { |uid| redis.call("SET", "delivered:#{uid}", "1", "EX", 600) }
    mail_room(mailbox(user, limit_max_unread: 10))
    wait_until(20, "the other 20") { delivered.size == 20 }
    expect(delivered).to match_array((10..29).map { |number| Mails.plain(number).b })
  end

  it "looks again when the claim of an original mail_room ends" do
    dovecot.append(user, Mails.plain(1))
    redis.call("SET", "delivered:1", "1", "PX", 1500)
    mail_room(mailbox(user))
    wait_until(20, "the mail") { delivered == [Mails.plain(1).b] }
  end

  ["ALL", "UNFLAGGED", "SINCE 1-Jan-2020"].each do |program|
    it "delivers once with search_command #{program} and without deletion" do
      5.times { |number| dovecot.append(user, Mails.plain(number)) }
      process = mail_room(mailbox(user, search_command: program))
      process.await_log("Idling")
      dovecot.append(user, Mails.plain(5))
      wait_until(20, "6 jobs") { delivered.size >= 6 }
      wait_until(20, "idling again") { process.log.count { |line| line["action"] == "Idling" } >= 2 }
      process.term
      expect(delivered.size).to eq(6)
    end
  end

  it "delivers nothing from a read-only mailbox and says so" do
    server = TestDovecot.new(read_only: true).start
    server.append(user, Mails.plain(1))
    process = mail_room(mailbox(user, server: server))
    expect(process.await_log("Disconnected. Resetting...")["error"]).to include("read-only")
    process.term
    expect(delivered).to be_empty
  ensure
    server&.remove
  end
end
