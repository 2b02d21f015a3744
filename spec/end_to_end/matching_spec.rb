# frozen_string_literal: true

# Which messages of a mailbox reach the app, and what becomes of the others.
RSpec.describe "matching", :servers do
  let(:user) { dovecot.new_user }
  let(:address) { "incoming+%{key}@gl.test" }
  let(:mails) do
    ["To: incoming+k@gl.test\r\nSubject: accepted\r\n\r\nhello\r\n",
     "To: incoming+k@gl.test\r\nAuto-Submitted: auto-replied\r\n\r\naway\r\n",
     "To: you@gl.test\r\nSubject: unmatched\r\n\r\nbuy\r\n"].map(&:b)
  end

  def run_over(mails, **matching)
    mails.each { |mail| dovecot.append(user, mail) }
    process = mail_room(mailbox(user, matching: { address: address, **matching }))
    wait_until(20, -> { "all to be seen; said #{process.everything_said}" }) { dovecot.uids(user, "UNSEEN").empty? }
    process.await_log("Idling")
    expect(process.term.exitstatus).to eq(0)
    @counts = process.await_log("Watcher stopped").slice("delivered", "ignored", "bounced", "rejected")
    process.log.select { |line| line["action"] == "Message matched" }
  end

  let(:report) do
    "Return-Path: <>\r\nTo: incoming+k@gl.test\r\nContent-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=b" \
    "\r\n\r\n--b\r\n\r\nno such user\r\n--b--\r\n".b
  end

  it "delivers what is to nobody and marks automatic replies, as it is by default" do
    lines = run_over(mails)
    expect(delivered).to eq([mails[0], mails[2]])
    expect(lines.map { |line| line.values_at("uid", "decision", "verdict", "key", "source", "feature", "reason") }).to eq(
      [[1, "deliver", "accepted", "k", "to", "unknown", "a header carries a key"],
       [2, "ignore", "auto_reply", "k", "to", "unknown", "Auto-Submitted says so"],
       [3, "deliver", "unmatched", nil, nil, nil, "no header names an address of ours"]]
    )
  end

  it "ignores what is to nobody when told to, and notes it at the arbiter as delivered" do
    run_over(mails, unmatched: "ignore")
    expect(delivered).to eq([mails[0]])
    states = redis.call("KEYS", "delivered:*:*").map { |key| redis.call("GET", key) }
    expect(states.size).to eq(3)
    expect(states).to all(start_with("delivered "))
  end

  it "ignores bounces to us when told to, and only these" do
    other = report.sub("incoming+k", "you")
    lines = run_over([report, other, mails[0]], bounces: "ignore")
    expect(delivered).to eq([other, mails[0]])
    expect(lines.map { |line| line.values_at("decision", "verdict", "key") })
      .to eq([%w[ignore bounce k], ["deliver", "unmatched", nil], %w[deliver accepted k]])
    expect(@counts).to eq("delivered" => 2, "ignored" => 1, "bounced" => 1, "rejected" => 0)
    dovecot.append(user, report)
    process = mail_room(mailbox(user, matching: { address: address }))
    wait_until(20, -> { "it to be delivered: #{process.everything_said}" }) { delivered.size == 3 }
  end

  it "counts bounces apart from what else is ignored" do
    port = ServerProcess.free_port
    [report, *mails].each { |mail| dovecot.append(user, mail) }
    mail_room(mailbox(user, matching: { address: address, bounces: "ignore" }),
              settings: { health_check: { address: "127.0.0.1", port: port } })
    wait_until(20, "all to be seen") { dovecot.uids(user, "UNSEEN").empty? }
    counts = HealthClient.get(port, "/metrics").last.scan(/^mail_room_messages_total\{.*outcome="(\w+)"\} (\d+)$/).to_h
    expect(counts).to eq("delivered" => "2", "ignored" => "1", "bounced" => "1", "rejected" => "0", "set_aside" => "0", "elsewhere" => "0")
  end

  it "only logs in a dry run" do
    lines = run_over(mails, unmatched: "ignore", dry_run: true)
    expect(delivered).to eq(mails)
    expect(lines.map { |line| line["decision"] }).to eq(["deliver", *["deliver (dry run; ignore without)"] * 2])
  end
end
