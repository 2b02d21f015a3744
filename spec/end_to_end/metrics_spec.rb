# frozen_string_literal: true

require "json"
require "open3"
require "set"

# The metrics of the executable, read with Prometheus' own tools. `moves` lists what an example moves: metrics, and the values of a
# metric's own label after a colon. An example that does not move all of it fails, and so does a metric that none moves.
RSpec.describe "the metrics", :servers do
  # A panic, which nothing from outside may cause: the core's test of a watcher that panics counts it.
  unmoved = ["mail_room_disconnects_total:crash"]

  let(:port) { ServerProcess.free_port }
  let(:user) { dovecot.new_user }
  let(:settings) { { health_check: { address: "127.0.0.1", port: port } } }

  # The samples of a text, as Prometheus' own parser for Python reads them: [name, labels, value].
  def parsed(text)
    code = <<~PYTHON
      import json, sys
      from prometheus_client.parser import text_string_to_metric_families
      families = text_string_to_metric_families(sys.stdin.read())
      print(json.dumps([[s.name, s.labels, s.value] for family in families for s in family.samples]))
    PYTHON
    out, err, status = Open3.capture3("/usr/bin/python3", "-c", code, stdin_data: text)
    expect(status).to be_success, err
    JSON.parse(out).tap { |samples| note(samples) }
  end

  def scrape
    wait_until(20, "/metrics") { HealthClient.get(port, "/metrics", timeout: 10) }.then do |status, text|
      status == 200 ? text : raise("/metrics is answered with #{status}: #{text}")
    end
  end

  # The values of a metric by the label, of one mailbox.
  def values(name, label = nil, email: user)
    samples = parsed(scrape).select { |sample, labels, _| sample == name && labels["email"] == email }
    samples.to_h { |_, labels, value| [labels[label], value] }
  end

  def value(name, email: user) = values(name, email: email)[nil]

  # Which metric a sample is of, with the value of the label that it has beside those of its mailbox.
  def title(name, labels)
    label = labels.except("mailbox", "email", "le", "version").values.first
    [name.sub(/_(bucket|sum|count)\z/, ""), *label].join(":")
  end

  def note(samples)
    @moved ||= Set.new
    samples.each { |name, labels, value| @moved << title(name, labels) unless value.zero? }
  end

  after { |example| expect(example.metadata.fetch(:moves, []) - @moved.to_a).to eq([]), "not moved" unless example.exception }

  # An address that needs escapes.
  let(:odd) { { email: "o\"d\\d@example.com", host: "127.0.0.1", port: 1, name: "in\"box" } }

  it "are read by promtool and by Prometheus' parser for Python", moves: ["mail_room_build_info"] do
    process = mail_room(mailbox(user), mailbox(user, **odd), settings: settings)
    process.await_log("Disconnected. Resetting...")
    text = scrape
    said, status = Open3.capture2e("promtool", "check", "metrics", stdin_data: text)
    expect([said, status.exitstatus]).to eq(["", 0])
    samples = parsed(text)
    expect(samples.map(&:first).uniq.size).to be > 20
    expect(samples).to include(["mail_room_mailbox_up", { "mailbox" => "in\"box", "email" => "o\"d\\d@example.com" }, 0.0],
                               ["mail_room_build_info", { "version" => MailRoom::VERSION }, 1.0])
  end

  it "count what is delivered, and show nothing of it", moves: %w[
    mail_room_start_time_seconds mail_room_memory_budget_bytes mail_room_threads mail_room_mailbox_up mail_room_mailbox_state:idle
    mail_room_mailbox_state_seconds mail_room_last_connect_timestamp_seconds mail_room_last_message_timestamp_seconds
    mail_room_messages_total:delivered mail_room_delivery_attempts_total:delivered mail_room_delivery_duration_seconds
    mail_room_arrival_to_delivery_seconds mail_room_fetched_bytes_total mail_room_connects_total
  ] do
    process = mail_room(mailbox(user), settings: settings)
    # The date of the header is not that of the arrival.
    received = "Received: from elsewhere by here; #{(Time.now - 5_000).strftime("%a, %d %b %Y %H:%M:%S %z")}\r\n"
    raws = Array.new(3) { |number| received + Mails.plain(number) }
    raws.each { |raw| dovecot.append(user, raw, received: Time.now - 100) }
    wait_until(20, "the messages to be counted") { values("mail_room_messages_total", "outcome")["delivered"] == 3 }
    expect(values("mail_room_delivery_attempts_total", "result")).to include("delivered" => 3, "failed" => 0)
    expect(value("mail_room_fetched_bytes_total")).to eq(raws.sum(&:bytesize))
    expect(value("mail_room_delivery_duration_seconds_count")).to eq(3)
    expect(values("mail_room_arrival_to_delivery_seconds_bucket", "le")).to include("60.0" => 0, "300.0" => 3)
    expect(value("mail_room_connects_total")).to eq(1)
    [value("mail_room_last_connect_timestamp_seconds"), value("mail_room_last_message_timestamp_seconds")].each do |at|
      expect(at).to be_within(60).of(Time.now.to_i)
    end
    expect(value("mail_room_backlog_messages")).to eq(0)
    expect(value("mail_room_oldest_waiting_timestamp_seconds")).to be_nil
    wait_until(20, "a second in the state") { value("mail_room_mailbox_state_seconds").positive? }
    expect(scrape).not_to match(/subject|elsewhere by here|#{dovecot.password}\b/i)
    expect(process.term.exitstatus).to eq(0)
  end

  it "count what fails: deliveries, an outage of the target, messages set aside", moves: %w[
    mail_room_messages_total:set_aside mail_room_delivery_attempts_total:refused mail_room_delivery_attempts_total:failed
    mail_room_delivery_attempts_total:unavailable mail_room_target_pauses_total mail_room_mailbox_state:paused
    mail_room_backlog_messages mail_room_oldest_waiting_timestamp_seconds
  ] do
    failing = HttpServer.new { |request| [request.body[/^answer (\d+)/, 1]&.to_i || 200, {}, ""] }.start
    box = mailbox(user, delivery_method: "postback", delivery_options: { delivery_url: failing.url }, max_delivery_attempts: 1,
                        arbitration_method: "noop")
    mail_room(box, settings: settings)
    dovecot.append(user, "Subject: bad\r\n\r\nanswer 422")
    wait_until(30, "the message to be set aside") { values("mail_room_messages_total", "outcome")["set_aside"] == 1 }
    expect(values("mail_room_delivery_attempts_total", "result")).to include("refused" => 1)
    dovecot.append(user, "Subject: odd\r\n\r\nanswer 500")
    wait_until(30, "a failure") { values("mail_room_delivery_attempts_total", "result")["failed"].positive? }
    failing.stop
    arrived = Time.now - 5_000
    dovecot.append(user, Mails.plain(1), received: arrived)
    wait_until(30, "the outage to be counted") { value("mail_room_target_pauses_total").positive? }
    wait_until(30, "both to wait") { value("mail_room_backlog_messages") == 2 }
    expect(value("mail_room_mailbox_up")).to eq(0)
    expect(value("mail_room_oldest_waiting_timestamp_seconds")).to be_within(2).of(arrived.to_i)
    expect(values("mail_room_delivery_attempts_total", "result")["unavailable"]).to be >= 1
  ensure
    failing&.stop
  end

  it "tell what is under way", moves: %w[
    mail_room_memory_budget_used_bytes mail_room_mailbox_state:working mail_room_mailbox_state:starting
  ] do
    release = Queue.new
    slow = HttpServer.new { release.pop && [200, {}, ""] }.start
    silent = TCPServer.new("127.0.0.1", 0)
    box = mailbox(user, delivery_method: "postback", delivery_options: { delivery_url: slow.url }, arbitration_method: "noop")
    mail_room(box, mailbox("silent@example.com", port: silent.addr[1]), settings: settings)
    dovecot.append(user, Mails.plain(1, 100_000))
    wait_until(20, "a post") { slow.requests.any? }
    samples = parsed(scrape)
    expect(samples.assoc("mail_room_memory_budget_used_bytes").last).to be_between(100_000, 5_000_000)
    expect(values("mail_room_mailbox_state", "state")).to include("working" => 1, "idle" => 0)
    expect(values("mail_room_mailbox_state", "state", email: "silent@example.com")).to include("starting" => 1)
    release << true
    wait_until(20, "the memory to be free") { parsed(scrape).assoc("mail_room_memory_budget_used_bytes").last.zero? }
  ensure
    slow&.stop
    silent&.close
  end

  it "tell why connections ended, and when the certificate expires", moves: %w[
    mail_room_certificate_expiry_timestamp_seconds mail_room_disconnects_total:connection mail_room_mailbox_state:disconnected
  ] do
    process = mail_room(mailbox(user, port: dovecot.tls_port, ssl: { ca_file: dovecot.ca_file }, host: "localhost"), settings: settings)
    process.await_log("Idling")
    not_after = dovecot.certificates.server.certificate.not_after
    expect(value("mail_room_certificate_expiry_timestamp_seconds")).to eq(not_after.to_i)
    dovecot.kick(user)
    wait_until(30, "the disconnect") { values("mail_room_disconnects_total", "reason")["connection"] == 1 }
    wait_until(30, "the next connect") { value("mail_room_connects_total") == 2 }
    dovecot.stop
    wait_until(30, "no connection") { values("mail_room_mailbox_state", "state")["disconnected"] == 1 }
  ensure
    dovecot.start unless dovecot.alive?
  end

  # The answers to FETCH as a broken server or a bad wire makes them.
  def garbling
    TcpProxy.new(dovecot.port).start.from_server { |bytes, _| bytes.gsub!(/^(\* \d+ FETCH) \(UID/, "\\1 ((((") }
  end

  it "tell by its reason each connection that cannot be used", moves: %w[
    mail_room_disconnects_total:refused mail_room_disconnects_total:no_mailbox mail_room_disconnects_total:unparseable
    mail_room_disconnects_total:other
  ] do
    proxy = garbling
    dovecot.append("garbled@example.com", Mails.plain(1))
    # A certificate is for a name or an address; this is neither, although it leads to one.
    nameless = { host: "127.1", port: dovecot.tls_port, ssl: { ca_file: dovecot.ca_file } }
    mail_room(mailbox("refused@example.com", password: "wrong"), mailbox("missing@example.com", name: "Missing"),
              mailbox("garbled@example.com", port: proxy.port), mailbox("nameless@example.com", **nameless), settings: settings)
    { "refused" => "refused", "missing" => "no_mailbox", "garbled" => "unparseable", "nameless" => "other" }.each do |name, reason|
      reasons = -> { values("mail_room_disconnects_total", "reason", email: "#{name}@example.com") }
      wait_until(30, -> { "#{name}: #{reasons.call}" }) { reasons.call[reason].to_i.positive? }
    end
  ensure
    proxy&.remove
  end

  describe "of Graph" do
    include GraphWatching

    let(:user) { GraphServer::EMAIL }
    let(:certificates) { Certificates.new(Dir.mktmpdir) }
    let(:tls) { certificates.server.context }

    after do
      @servers&.each(&:stop)
      FileUtils.remove_entry(certificates.dir)
    end

    def busy(retry_after) = graph_error(429, "ApplicationThrottled", "Retry-After" => retry_after.to_s)

    it "tell of tokens, throttles, the time of arrival and the certificate", moves: %w[
      mail_room_token_renewals_total mail_room_token_expiry_timestamp_seconds mail_room_throttles_total
      mail_room_disconnects_total:throttled mail_room_certificate_expiry_timestamp_seconds
      mail_room_arrival_to_delivery_seconds
    ] do
      server = graph(tls: tls, lifetime: 6)
      # No token at first, and then too many requests.
      server.fault { |asked| busy(1) if asked.number == 1 && %i[token list].include?(asked.kind) }
      server.add(Mails.plain(1), received: Time.now - 1_000)
      mail_room(inbox(server).merge(ssl: { ca_file: certificates.ca_file }), settings: settings)
      wait_until(60, "the message to be counted") { values("mail_room_messages_total", "outcome")["delivered"] == 1 }
      expect(values("mail_room_disconnects_total", "reason")["throttled"]).to eq(1)
      expect(value("mail_room_throttles_total")).to be >= 2
      expect(values("mail_room_arrival_to_delivery_seconds_bucket", "le")).to include("900.0" => 0, "3600.0" => 1)
      not_after = certificates.server.certificate.not_after
      expect(value("mail_room_certificate_expiry_timestamp_seconds")).to eq(not_after.to_i)
      wait_until(30, "a renewal") { value("mail_room_token_renewals_total") >= 2 }
      expect(value("mail_room_token_expiry_timestamp_seconds")).to be_within(8).of(Time.now.to_i)
    end
  end

  it "tell when the certificate of the endpoint expires",
     moves: ["mail_room_target_certificate_expiry_timestamp_seconds"] do
    certificates = Certificates.new(Dir.mktmpdir)
    endpoint = HttpServer.new(tls: certificates.server.context).start
    options = { delivery_url: endpoint.url, ssl: { ca_file: certificates.ca_file } }
    mail_room(mailbox(user, delivery_method: "postback", delivery_options: options, arbitration_method: "noop"), settings: settings)
    dovecot.append(user, Mails.plain(1))
    wait_until(20, "a delivery") { values("mail_room_messages_total", "outcome")["delivered"] == 1 }
    not_after = certificates.server.certificate.not_after
    expect(value("mail_room_target_certificate_expiry_timestamp_seconds")).to eq(not_after.to_i)
    expect(value("mail_room_certificate_expiry_timestamp_seconds")).to be_nil
  ensure
    endpoint&.stop
    FileUtils.remove_entry(certificates.dir) if certificates
  end

  it "count claims that another process takes over", moves: %w[
    mail_room_claims_lost_total mail_room_delivery_attempts_total:lost
  ] do
    proxy = TcpProxy.new(dovecot.port).start
    asked = Queue.new
    proxy.from_client do |bytes, _|
      next unless bytes.include?("BODY.PEEK[]")

      proxy.hold
      asked << true
    end
    options = { redis_url: redis.url, claim_ttl: 60 }
    mail_room(mailbox(user, port: proxy.port, arbitration_options: options), settings: settings)
    dovecot.append(user, Mails.plain(1))
    # Claimed, and not yet delivered.
    wait_until(20, "the fetch") { !asked.empty? }
    key = redis.call("KEYS", "delivered:*:*").first
    redis.call("SET", key, "claimed #{"0" * 32}", "PX", 60_000)
    proxy.from_client { nil }
    proxy.release
    wait_until(20, "the loss to be counted") { value("mail_room_claims_lost_total") == 1 }
    expect(values("mail_room_delivery_attempts_total", "result")).to include("lost" => 1, "delivered" => 0)
    expect(delivered).to eq([])
  ensure
    proxy&.remove
  end

  it "count what is decided without a delivery", moves: %w[
    mail_room_messages_total:ignored mail_room_messages_total:bounced mail_room_messages_total:rejected mail_room_messages_total:elsewhere
  ] do
    rejecting, ignoring = Array.new(2) { dovecot.new_user }
    smtp = { address: "127.0.0.1", port: ServerProcess.free_port, from: "GitLab <gitlab@gl.test>" }
    matching = { address: "incoming+%{key}@gl.test" }
    boxes = [mailbox(user), mailbox(ignoring, matching: { unmatched: "ignore", bounces: "ignore", **matching }),
             mailbox(rejecting, matching: { unmatched: "reject", **matching }, rejection: smtp)]
    # Nobody can be told that this one was rejected.
    [rejecting, ignoring].each { |one| dovecot.append(one, "Subject: stray\r\n\r\nx") }
    dovecot.append(ignoring, "Return-Path: <>\r\nTo: incoming+k@gl.test\r\nContent-Type: multipart/report\r\n\r\nx")
    dovecot.append(user, Mails.plain(1))
    process = mail_room(*boxes, settings: settings)
    wait_until(30, "a delivery") { values("mail_room_messages_total", "outcome")["delivered"] == 1 }
    wait_until(30, "a bounce") { values("mail_room_messages_total", "outcome", email: ignoring)["bounced"] == 1 }
    wait_until(30, "an ignored one") { values("mail_room_messages_total", "outcome", email: ignoring)["ignored"] == 1 }
    wait_until(30, "a rejected one") { values("mail_room_messages_total", "outcome", email: rejecting)["rejected"] == 1 }
    expect(process.term.exitstatus).to eq(0)
    # Another process finds it unread: it is marked, and not delivered again.
    dovecot.imap(user) { |client| client.store(client.uids, "-FLAGS", [:Seen]) }
    mail_room(*boxes, settings: settings)
    wait_until(30, "one delivered elsewhere") { values("mail_room_messages_total", "outcome")["elsewhere"] == 1 }
    expect(values("mail_room_messages_total", "outcome")["delivered"]).to eq(0)
  end

  it "tell what a process that works through its mailboxes once has finished", moves: %w[
    mail_room_mailbox_state:finished mail_room_mailbox_state:given_up
  ] do
    silent = TCPServer.new("127.0.0.1", 0)
    boxes = [mailbox(user), mailbox("refused@example.com", password: "wrong"), mailbox("silent@example.com", port: silent.addr[1])]
    (@mail_rooms ||= []) << MailRoomProcess.new(boxes, "--once", settings: settings).start
    wait_until(30, "an end") { values("mail_room_mailbox_state", "state")["finished"] == 1 }
    wait_until(30, "a refusal") { values("mail_room_mailbox_state", "state", email: "refused@example.com")["given_up"] == 1 }
  ensure
    silent&.close
  end

  it "tell that the runtime stands still", moves: ["mail_room_heartbeat_age_seconds"] do
    process = mail_room(mailbox(user), settings: settings)
    process.await_log("Idling")
    StoppedThreads.new(process.pid, "mail_room watch").during do
      wait_until(10, "the age of the heartbeat") { parsed(scrape).assoc("mail_room_heartbeat_age_seconds").last >= 3 }
    end
    wait_until(10, "a heartbeat") { parsed(scrape).assoc("mail_room_heartbeat_age_seconds").last <= 1 }
  end

  it "are each moved by an example of this file" do
    process = mail_room(mailbox(user), settings: settings)
    process.await_log("Idling")
    names = MailRoom::Native.metrics.reject { |_, _, label| label }.map(&:first)
    labelled = parsed(scrape).map { |name, labels| title(name, labels) }
    groups = [self.class, *self.class.children]
    moved = groups.flat_map(&:examples).flat_map { |example| example.metadata.fetch(:moves, []) }
    expect(moved.uniq).to match_array((names | labelled) - unmoved)
  end
end
