# frozen_string_literal: true

require "json"
require "open3"

# The metrics of the executable, read with Prometheus' own tools.
RSpec.describe "the metrics", :servers do
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
    JSON.parse(out)
  end

  def scrape
    wait_until(20, "/metrics") { HealthClient.get(port, "/metrics", timeout: 10) }.then do |status, text|
      status == 200 ? text : raise("/metrics is answered with #{status}: #{text}")
    end
  end

  # The values of a metric by the label, of the user's mailbox.
  def values(name, label = nil)
    samples = parsed(scrape).select { |sample, labels, _| sample == name && labels["email"] == user }
    samples.to_h { |_, labels, value| [labels[label], value] }
  end

  def value(name) = values(name)[nil]

  # An address that needs escapes.
  let(:odd) { { email: "o\"d\\d@example.com", host: "127.0.0.1", port: 1, name: "in\"box" } }

  it "are read by promtool and by Prometheus' parser for Python" do
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

  it "count what is delivered, and show nothing of it" do
    process = mail_room(mailbox(user), settings: settings)
    received = "Received: from elsewhere by here; #{(Time.now - 100).strftime("%a, %d %b %Y %H:%M:%S %z")}\r\n"
    raws = Array.new(3) { |number| received + Mails.plain(number) }
    raws.each { |raw| dovecot.append(user, raw) }
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
    expect(scrape).not_to match(/subject|elsewhere by here|#{dovecot.password}\b/i)
    expect(process.term.exitstatus).to eq(0)
  end

  it "count what fails: deliveries, an outage of the target, messages set aside" do
    failing = HttpServer.new { |request| request.body.include?("bad") ? [422, {}, ""] : [200, {}, ""] }.start
    box = mailbox(user, delivery_method: "postback", delivery_options: { delivery_url: failing.url }, max_delivery_attempts: 1,
                        arbitration_method: "noop")
    mail_room(box, settings: settings)
    dovecot.append(user, "Subject: bad\r\n\r\nbad")
    wait_until(30, "the message to be set aside") { values("mail_room_messages_total", "outcome")["set_aside"] == 1 }
    expect(values("mail_room_delivery_attempts_total", "result")).to include("refused" => 1)
    failing.stop
    dovecot.append(user, Mails.plain(1))
    wait_until(30, "the outage to be counted") { value("mail_room_target_pauses_total").positive? }
    expect(value("mail_room_mailbox_up")).to eq(0)
    expect(value("mail_room_backlog_messages")).to eq(1)
    expect(value("mail_room_oldest_waiting_timestamp_seconds")).to be_within(60).of(Time.now.to_i)
    expect(values("mail_room_delivery_attempts_total", "result")["unavailable"]).to be >= 1
  ensure
    failing&.stop
  end

  it "tell why connections ended, and when the certificate expires" do
    process = mail_room(mailbox(user, port: dovecot.tls_port, ssl: { ca_file: dovecot.ca_file }, host: "localhost"), settings: settings)
    process.await_log("Idling")
    not_after = OpenSSL::X509::Certificate.new(File.read(dovecot.certificates.server.cert_file)).not_after
    expect(value("mail_room_certificate_expiry_timestamp_seconds")).to eq(not_after.to_i)
    dovecot.kick(user)
    wait_until(30, "the disconnect") { values("mail_room_disconnects_total", "reason")["connection"] == 1 }
    wait_until(30, "the next connect") { value("mail_room_connects_total") == 2 }
  end
end
