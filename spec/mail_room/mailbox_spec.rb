# frozen_string_literal: true

RSpec.describe MailRoom::Mailbox do
  def build(**attributes)
    described_class.new({ email: "in@example.com", password: "s3cret-pass", name: "inbox", delivery_method: "noop" }.merge(attributes))
  end

  it "has the defaults of mail_room" do
    expect(build).to have_attributes(host: "imap.gmail.com", port: 993, ssl: true, start_tls: false, search_command: "UNSEEN",
                                     limit_max_unread: 0, idle_timeout: 1740, delete_after_delivery: false, expunge_deleted: false,
                                     delivery_options: {}, arbitration_method: "noop", imap?: true, microsoft_graph?: false)
  end

  it "coerces what has only one meaning" do
    mailbox = build("port" => "143", "password" => 12_345, "ssl" => "false", "limit_max_unread" => "10")
    expect(mailbox).to have_attributes(port: 143, password: "12345", ssl: false, limit_max_unread: 10)
  end

  {
    { host: nil } => "Field :host is required in Mailbox",
    { email: "" } => "Field :email is required in Mailbox",
    { port: 0 } => "Field :port in Mailbox",
    { port: "imap" } => "must be a whole number",
    { ssl: "maybe" } => "must be true or false",
    { ssl: { verify_mode: "sometimes" } } => ":verify_mode",
    { ssl: { ciphers: "ALL" } } => ":ciphers",
    { ssl: { min_version: "TLS1_1" } } => ":min_version",
    { password: "a\r\nb" } => "must not contain CR, LF or NUL",
    { search_command: "UNSEEN RECENT" } => "RECENT",
    { search_command: "OLD" } => "OLD",
    { search_command: "" } => "Field :search_command is required in Mailbox",
    { delivery_method: "sidekick" } => "did you mean :sidekiq?",
    { delivery_method: "postback" } => "not available yet",
    { delivery_method: "que" } => "not available yet",
    { delivery_klass: String } => "not available yet",
    { inbox_method: "microsoft_graph" } => "not available yet",
    { delivery_method: "sidekiq" } => ":worker",
    { arbitration_method: "raft" } => "arbitration_method"
  }.each do |attributes, message|
    it "refuses #{attributes} and names the field" do
      expect { build(**attributes) }.to raise_error(MailRoom::ConfigurationError) { |error|
        expect(error.message).to include(message).and(satisfy("be one line") { |text| text.lines.size == 1 })
        expect(error.message).not_to include("s3cret-pass")
      }
    end
  end

  it "refuses an idle_timeout that servers would not wait for" do
    expect { build(idle_timeout: 1741) }.to raise_error(MailRoom::IdleTimeoutTooLarge, /1740/)
  end

  it "knows a search key from an argument" do
    expect(build(search_command: "UNSEEN SUBJECT old").search_command).to eq("UNSEEN SUBJECT old")
  end

  it "says OpenSSL's constant for verify_mode" do
    expect(build(ssl: { verify_mode: "none" }).ssl_options).to eq(verify_mode: 0)
    expect(build(ssl: { verify_mode: :peer }).ssl_options).to eq(verify_mode: 1)
  end

  it "asks for STARTTLS with options when both are given" do
    native = build(ssl: { ca_file: "/ca.pem" }, start_tls: true).to_native
    expect(native).to include("security" => "start_tls", "tls" => include("ca_file" => "/ca.pem", "verify" => true))
    expect(build(ssl: true, start_tls: true).to_native).to include("security" => "tls")
    expect(build(ssl: false, start_tls: false).to_native).to include("security" => "plain")
  end

  it "shows no secret" do
    mailbox = build(delivery_method: "sidekiq", delivery_options: { worker: "W", redis_url: "redis://:hidden-pass@localhost" })
    options = mailbox.delivery_klass::Options.new(mailbox)
    secrets = /s3cret-pass|hidden-pass/
    expect([mailbox, options].map { |object| "#{object.inspect} #{object}" }.join).not_to match(secrets)
    expect { pp(mailbox, options) }.not_to output(secrets).to_stdout
  end

  it "warns once of an unknown key, with the nearest known one" do
    expect { 2.times { build(limit_max_unred: 1) } }.to output(/\A.*limit_max_unred.*did you mean :limit_max_unread\?.*\n\z/).to_stderr
  end

  it "delivers a message by hand" do
    expect(build.deliver(MailRoom::Message.new(uid: 1, body: "x"))).to be(true)
    expect(build.deliver?(1)).to be(true)
  end
end
