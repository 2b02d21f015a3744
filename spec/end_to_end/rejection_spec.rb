# frozen_string_literal: true

require "stringio"
require "tempfile"

# Senders are told that their message was rejected, by a real SMTP server.
RSpec.describe "unmatched: reject", :servers do
  let(:user) { dovecot.new_user }
  let(:good) { "From: jane@example.com\r\nTo: incoming+k@gl.test\r\nSubject: accepted\r\n\r\nhello\r\n" }

  after { @smtps&.each(&:remove) }

  def smtp(**options)
    (@smtps ||= []) << TestSmtp.new(**options).start
    @smtps.last
  end

  def stray(number = 1, headers = "", from: "jane@example.com")
    "From: #{from}\r\nTo: stray@gl.test\r\n#{headers}Subject: Stray #{number}\r\nMessage-ID: <stray-#{number}@example.com>\r\n" \
      "\r\nbuy this\r\n"
  end

  def rejecting(server, rejection = {}, **rest)
    rejection = { address: "localhost", port: server.port, starttls: false, from: "GitLab <gitlab@gl.test>" }.merge(rejection)
    mailbox(user, matching: { address: "incoming+%{key}@gl.test", unmatched: "reject" }, rejection: rejection, **rest)
  end

  def fill(*mails) = mails.each { |mail| dovecot.append(user, mail) }

  def unseen = dovecot.uids(user, "UNSEEN")

  def wait_until_seen(process, deadline = 30)
    wait_until(deadline, -> { "all to be seen: #{process.everything_said[-3000..] || process.everything_said}" }) { unseen.empty? }
  end

  def matched(process) = process.log.select { |line| line["action"] == "Message matched" }

  it "sends a notice that says why, threads with the rejected message and repeats nothing of its body" do
    server = smtp
    headers = "Reply-To: \"Doe, Jane\" <Jane.Doe@example.org>, other@example.org\r\nReferences: <a@example.com> <b@example.com>\r\n"
    fill(good, stray(1, headers).sub("Stray 1", "=?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n =?utf-8?B?IGF1cw==?= here"))
    process = mail_room(rejecting(server))
    wait_until_seen(process)
    expect(server.mails.size).to eq(1)
    mail = server.mails.first
    expect(mail).to include(from: "<>", to: ["Jane.Doe@example.org"], ssl: false)
    expect(mail[:raw].gsub(/\r\n(?=[ \t])/, "")).to match(
      %r{\AFrom: GitLab <gitlab@gl\.test>\r
To: Jane\.Doe@example\.org\r
Subject: \[Rejected\] =\?utf-8\?b\?[^\r]*\?=[^\r]*\r
Message-ID: <\h{32}@gl\.test>\r
Date: [^\r]*\r
Content-Type: text/plain; charset=utf-8\r
Auto-Submitted: auto-replied\r
X-Auto-Response-Suppress: All\r
In-Reply-To: <stray-1@example\.com>\r
References: <a@example\.com> <b@example\.com> <stray-1@example\.com>\r
Content-Transfer-Encoding: [^\r]*\r
\r
}
    )
    expect(mail[:raw]).not_to include("buy this")
    text = mail[:raw].split("\r\n\r\n", 2).last
    text = mail[:raw].match?(/Encoding: quoted-printable/) ? text.unpack1("M") : text
    expect(text.dup.force_encoding("UTF-8")).to include("it is not addressed to anything that is served here",
                                                        "Subject: Gr\u00FC\u00DFe aus here", "Sent to: #{user}")
    expect(delivered).to eq([good])
    lines = matched(process)
    expect(lines.map { |line| line.values_at("uid", "decision", "verdict") })
      .to eq([[1, "deliver", "accepted"], [2, "reject", "unmatched"]])
    process.await_log("Rejection notice sent")
    states = redis.call("KEYS", "delivered:*:*").map { |key| redis.call("GET", key) }
    expect(states).to all(start_with("delivered "))
    process.term
    expect(process.log.last).to include("action" => "Watcher stopped", "delivered" => 1, "ignored" => 0, "rejected" => 1)
  end

  it "takes the text of a template" do
    server = smtp
    Tempfile.create("template") do |file|
      file.write("Liebe Gr\u00FC\u00DFe zu %{subject} 100%{nothing}%")
      file.close
      fill(stray(1).sub("Stray 1", "%{mailbox} x"))
      wait_until_seen(mail_room(rejecting(server, { template: file.path })))
    end
    text = server.mails.first[:raw].split("\r\n\r\n", 2).last
    expect(text.unpack1("M").force_encoding("UTF-8").strip).to eq("Liebe Gr\u00FC\u00DFe zu %{mailbox} x 100%{nothing}%")
  end

  # Every one of these is marked, and told to nobody.
  {
    "automatic replies" => "Auto-Submitted: auto-generated\r\n",
    "bulk mail" => "Precedence: bulk\r\n",
    "mail of a list" => "List-Id: <ruby.example.com>\r\n",
    "a null return path" => "Return-Path: <>\r\n",
    "those who want none" => "X-Auto-Response-Suppress: DR, AutoReply\r\n",
    "reports" => "Content-Type: multipart/report; boundary=x\r\n",
    "ourselves" => "Reply-To: incoming+abc@gl.test\r\n",
    "our address without a key" => "Reply-To: INCOMING@gl.test\r\n",
    "the notices' sender" => "Reply-To: gitlab@gl.test\r\n",
    "nobody's mailbox" => "Reply-To: MAILER-DAEMON@example.com\r\n",
    "what is no address" => "Reply-To: <jane@example.com\r\n QUIT>\r\n"
  }.each do |whom, header|
    it "tells nothing to #{whom}" do
      server = smtp
      fill(stray(1, header), stray(2))
      process = mail_room(rejecting(server, matching: { address: "incoming+%{key}@gl.test", unmatched: "reject", auto_replies: "deliver" }))
      wait_until_seen(process)
      expect(server.mails.map { |mail| mail[:to] }).to eq([["jane@example.com"]])
      expect(matched(process).first["no_notice"] || matched(process).first["decision"]).to be_a(String)
      expect(delivered).to be_empty
    end
  end

  it "sends ten notices in a storm of 10,000 from one sender, and marks all" do
    server = smtp
    10_000.times do |number|
      dovecot.append(user, stray(number, from: number.even? ? "jane@example.com" : "Jane <JANE+#{number}@example.com>"))
    end
    fill(good)
    process = mail_room(rejecting(server))
    wait_until_seen(process, 120)
    expect(server.mails.size).to eq(10)
    expect(delivered).to eq([good])
    process.term
    expect(process.log.last).to include("rejected" => 10_000)
  end

  it "sends no more than so many in all" do
    server = smtp
    30.times { |number| dovecot.append(user, stray(number, from: "sender-#{number}@example.com")) }
    process = mail_room(rejecting(server, { max_per_hour: 12 }))
    wait_until_seen(process)
    expect(server.mails.map { |mail| mail[:to] }.uniq.size).to eq(12)
    expect(matched(process).count { |line| line["no_notice"].to_s.include?("within an hour") }).to eq(18)
  end

  it "only logs in a dry run" do
    server = smtp
    fill(stray)
    process = mail_room(rejecting(server, {}, matching: { address: "incoming+%{key}@gl.test", unmatched: "reject", dry_run: true }))
    wait_until_seen(process)
    expect(matched(process).first["decision"]).to eq("deliver (dry run; reject without)")
    expect([delivered, server.mails]).to eq([[stray], []])
  end

  { "away" => :stop, "silent" => :pause }.each do |how, trouble|
    it "keeps what it cannot tell while the server is #{how}, and holds up nothing" do
      server = smtp
      server.public_send(trouble)
      strays = Array.new(5) { |number| stray(number, from: "sender-#{number}@example.com") }
      fill(*strays, good)
      process = mail_room(rejecting(server, { timeout: 2 }, max_delivery_attempts: 1))
      expect(process.await_log("Rejection paused")["error"]).to start_with("SMTP server localhost:#{server.port}: ")
      wait_until(10, "the good one") { delivered == [good] }
      dovecot.append(user, good.sub("accepted", "second"))
      wait_until(10, "the second") { delivered.size == 2 }
      wait_until(10, "both to be seen") { unseen.size == 5 }
      trouble == :stop ? server.start : server.resume
      wait_until_seen(process, 60)
      expect(server.mails.map { |mail| mail[:to].first }.tally).to eq(Array.new(5) { |number| "sender-#{number}@example.com" }.tally)
      expect(dovecot.uids(user, "FLAGGED")).to be_empty
    end
  end

  it "sets aside what the server refuses for good, and retries what it refuses for now" do
    server = smtp
    server.answer("550 5.1.1 no such user")
    fill(stray)
    process = mail_room(rejecting(server, {}, max_delivery_attempts: 2))
    expect(process.await_log("Message set aside", 30)["error"]).to include("answered 550: it takes no such mail")
    wait_until(10, "the flag") { dovecot.uids(user, "FLAGGED SEEN").size == 1 }
    server.answer("451 4.7.1 later")
    dovecot.append(user, stray(2))
    wait_until(20, "a pause") { process.log.any? { |line| line["action"] == "Rejection paused" && line["error"].include?("451") } }
    server.answer("550 5.7.1 relaying denied")
    wait_until(20, "another") { process.log.any? { |line| line["action"] == "Rejection paused" && line["error"].include?("550") } }
    server.answer(nil)
    wait_until_seen(process)
    expect(server.mails.size).to eq(1)
  end

  it "ends in time while the server hangs, and tells afterwards" do
    server = smtp
    server.answer("hang")
    fill(stray)
    process = mail_room(rejecting(server))
    process.await_log("Message matched")
    expect(process.term(30)).to be_success
    expect(unseen.size).to eq(1)
    server.answer(nil)
    wait_until_seen(mail_room(rejecting(server)))
    expect(server.mails.size).to eq(1)
  end

  it "tells each once although it is killed" do
    server = smtp
    strays = Array.new(60) { |number| stray(number, from: "sender-#{number}@example.com") }
    fill(*strays)
    [5, 25].each do |least|
      process = mail_room(rejecting(server))
      wait_until(20, "some notices") { server.mails.size >= least }
      process.kill9
    end
    wait_until_seen(mail_room(rejecting(server)), 60)
    told = server.mails.map { |mail| mail[:to].first }.tally
    expect(told.size).to eq(60)
    # One may have been out and not noted, each time; both notices have the same id.
    expect(told.values.sum).to be <= 62
    ids = server.mails.group_by { |mail| mail[:to] }.values.map { |same| same.map { |mail| mail[:raw][/^Message-ID: .*/] }.uniq }
    expect(ids.map(&:size)).to all(eq(1))
  end

  it "encrypts and logs in, and shows no password" do
    [[{ starttls: true }, true, nil], [{ starttls: true }, "auto", nil], [{ tls: true }, nil, true]].each do |offered, starttls, tls|
      server = smtp(**offered, user: "u", password: "hidden-pass")
      dovecot.append(user, stray)
      options = { user_name: "u", password: "hidden-pass", ssl: { ca_file: server.certificates.ca_file }, starttls: starttls, tls: tls }
      process = mail_room(rejecting(server, options))
      wait_until_seen(process)
      expect(server.mails).to match([include(ssl: true, login: true)])
      process.term
    end
    server = smtp(user: "u", password: "hidden-pass")
    dovecot.append(user, stray)
    process = mail_room(rejecting(server, { starttls: "auto", user_name: "u", password: "hidden-pass" }))
    expect(process.await_log("Rejection paused")["error"]).to include("offers no STARTTLS")
    process.term
    process = mail_room(rejecting(server, { user_name: "u", password: "hidden-wrong" }))
    expect(process.await_log("Rejection paused")["error"]).to include("535 to the login; correct user_name and password")
    expect(process.everything_said).not_to include("hidden")
    expect(server.mails).to be_empty
  end

  it "does not trust just any server" do
    server = smtp(starttls: true)
    fill(stray)
    process = mail_room(rejecting(server, { starttls: true }))
    expect(process.await_log("Rejection paused")["error"]).to match(/certificate is not trusted.*ca_file/)
    expect([server.mails, unseen.size]).to eq([[], 1])
  end

  # A class of the app's own, in its process.
  it "calls the app's own class" do
    told = Queue.new
    rejector = Class.new do
      define_method(:reject) do |raw, match|
        told << [raw, raw.encoding, match]
        raise "not now" if told.size == 1

        true
      end
    end
    fill(stray, good, stray(2, "Precedence: bulk\r\n"))
    options = mailbox(user, matching: { address: "incoming+%{key}@gl.test", unmatched: "reject" }, rejection: { klass: rejector },
                            logger: { log_path: log = StringIO.new })
    coordinator = MailRoom::Coordinator.new([MailRoom::Mailbox.new(options)])
    thread = Thread.new { coordinator.run }
    wait_until(30, "all to be seen") { unseen.empty? }
    coordinator.quit
    thread.join
    expect(Array.new(told.size) { told.pop }.map { |raw, encoding, match| [raw, encoding, match.class, match.verdict] })
      .to eq([[stray, Encoding::BINARY, MailRoom::Match, :unmatched]] * 2)
    expect(delivered).to eq([good])
    expect(log.string).to include("#reject raised RuntimeError: not now")
  end
end
