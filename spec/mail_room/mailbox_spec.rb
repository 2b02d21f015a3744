# frozen_string_literal: true

require "stringio"
require "tmpdir"

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
    { delivery_method: "postback", delivery_url: "ftp://host" } => ":delivery_url",
    { delivery_method: "que" } => "Field :job_class in delivery_options of Mailbox (name \"inbox\", email \"in@example.com\") is required",
    { delivery_klass: String } => "must be a class with a class Options",
    { failed_mailbox: "inbox" } => "must be another folder",
    { max_delivery_attempts: 0 } => ":max_delivery_attempts",
    { inbox_method: "microsoft_graph" } => "Field :tenant_id in inbox_options of Mailbox (name \"inbox\", email \"in@example.com\") is",
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

  describe "an explicit null" do
    it "counts as given" do
      %i[name email password host port search_command max_message_size].each do |field|
        expect { build(field => nil) }.to raise_error(MailRoom::ConfigurationError, /\AField :#{field} is required in Mailbox/)
      end
      expect(build(ssl: nil).to_native).to include("security" => "plain")
      expect { build(delivery_method: nil) }.to raise_error(MailRoom::ConfigurationError, /delivery_method/)
    end

    it "is the default, no limit, no options, off, where that is what it means" do
      nulls = %i[idle_timeout limit_max_unread delivery_options arbitration_options inbox_options logger start_tls delete_after_delivery
                 expunge_deleted inbox_method].to_h { |field| [field, nil] }
      expect(build(**nulls).to_watch).to eq(build.to_watch)
    end
  end

  it "posts unless told otherwise, and needs an address only to be watched" do
    posting = described_class.new({ email: "in@example.com", password: "x", name: "inbox" })
    expect(posting.delivery_klass).to be(MailRoom::Delivery::Postback)
    expect { posting.to_watch }.to raise_error(MailRoom::ConfigurationError, /:delivery_url in Mailbox .* is required/)
    posting.delivery_url = "http://localhost/"
    expect(posting.to_watch["delivery"]).to include("method" => "postback", "url" => "http://localhost/")
  end

  it "serves exactly the classes of its own, not their subclasses", :wrong_types do
    expect(build(delivery_klass: MailRoom::Delivery::Noop).delivery).to be_a(MailRoom::Delivery::Noop)
    expect(build(delivery_klass: MailRoom::Delivery::Noop)).not_to be_hook
    expect(build(delivery_klass: Class.new(MailRoom::Delivery::Noop))).to be_hook
    expect(build(arbitration_klass: Class.new(MailRoom::Arbitration::Noop))).to be_hook
    [Class.new, "MailRoom::Delivery::Noop"].each do |klass|
      expect { build(delivery_klass: klass) }.to raise_error(MailRoom::ConfigurationError, /:delivery_klass .* instance method deliver/)
    end
    expect { build(arbitration_klass: Class.new) }.to raise_error(MailRoom::ConfigurationError, /:arbitration_klass .* method deliver\?/)
  end

  it "takes a mapping only", :wrong_types do
    expect { described_class.new([]) }.to raise_error(MailRoom::ConfigurationError, "a mailbox must be a mapping of options, not a list")
    expect { described_class.new }.to raise_error(MailRoom::ConfigurationError, "Field :email is required in Mailbox")
  end

  it "leaves what it was given as it was" do
    options = { redis_url: "redis://h", worker: "W" }.freeze
    attributes = { "email" => "in@example.com", "password" => 1, "name" => "inbox", "delivery_method" => :sidekiq,
                   "delivery_options" => options, "ssl" => { "verify_mode" => "none" }.freeze }.freeze
    mailbox = described_class.new(attributes)
    expect(mailbox.ssl_options).to eq({ verify_mode: 0 })
    expect(mailbox.ssl).to eq({ verify_mode: "none" })
    expect(mailbox.delivery_options).to eq(options)
  end

  it "checks again what was changed later", :wrong_types do
    mailbox = build
    mailbox.port = "143"
    expect(mailbox.validate!).to be(true)
    expect(mailbox.port).to eq(143)
    mailbox.host = nil
    expect { mailbox.validate! }.to raise_error(MailRoom::ConfigurationError, /:host is required/)
  end

  {
    { limit_max_unread: -1 } => ":limit_max_unread",
    { idle_timeout: 0 } => ":idle_timeout",
    { idle_timeout: 1.5 } => ":idle_timeout",
    { max_message_size: 0 } => ":max_message_size",
    { port: 65_536 } => ":port",
    { email: "a\0b" } => ":email",
    { name: "in\nbox" } => ":name",
    { password: true } => ":password",
    { inbox_method: "pop3" } => ":inbox_method",
    { logger: "stdout" } => ":logger",
    { logger: { log_path: :syslog } } => ":log_path",
    { delivery_options: "redis" } => ":delivery_options"
  }.each do |attributes, field|
    it "refuses #{attributes}" do
      expect { build(**attributes) }.to raise_error(MailRoom::ConfigurationError, /\AField #{field} in Mailbox/)
    end
  end

  describe "search_command" do
    # A name of its own each time: a warning is said once for each mailbox.
    def loading(**attributes)
      expect { build(name: "box #{attributes.hash}", **attributes) }
    end

    it "warns when delivered mails would be found again" do
      again = output(/\Amail_room: warning: search_command [^\n]* finds delivered messages again[^\n]*\n\z/).to_stderr
      loading(search_command: "ALL").to again
      loading(search_command: "SUBJECT UNSEEN").to again
      loading(search_command: "ALL", delete_after_delivery: true).to again
    end

    it "says nothing when they would not" do
      loading(search_command: "NEW").not_to output.to_stderr
      loading(search_command: "UNSEEN SINCE 1-Jan-2020").not_to output.to_stderr
      loading(search_command: "ALL", delete_after_delivery: true, expunge_deleted: true).not_to output.to_stderr
      loading(search_command: "ALL UNDELETED", delete_after_delivery: true).not_to output.to_stderr
    end
  end

  describe "#logger" do
    it "opens nothing until it is asked for" do
      Dir.mktmpdir do |dir|
        path = File.join(dir, "mail_room.log")
        mailbox = build(logger: { log_path: path }, delivery_method: "sidekiq", delivery_options: { worker: "W" })
        mailbox.to_watch
        expect(File).not_to exist(path)
        mailbox.logger.info({ action: "x" })
        expect(JSON.parse(File.read(path))).to include("action" => "x")
      end
    end

    it "takes streams and loggers" do
      stream = StringIO.new
      logger = Logger.new(nil)
      expect(build(logger: logger).logger).to be(logger)
      build(logger: { log_path: stream }).deliver?(7)
      expect(JSON.parse(stream.string)).to include("context" => { "email" => "in@example.com", "name" => "inbox" }, "uid" => 7,
                                                   "action" => "asking arbiter to deliver", "arbitrator" => "MailRoom::Arbitration::Noop")
      expect([logger, { log_path: stream }].map { |value| build(logger: value).logger_object }).to match([be(logger), be(stream)])
      expect([{}, { log_path: "x.log" }, { log_path: :stdout }].map { |value| build(logger: value).logger_object }).to all(be_nil)
    end

    it "says which file cannot be opened" do
      expect { build(logger: { log_path: "/nonexistent/x.log" }).logger }
        .to raise_error(MailRoom::ConfigurationError, /:log_path .* cannot be opened: No such file/)
    end
  end

  it "says what it delivers" do
    stream = StringIO.new
    build(logger: { log_path: stream }).deliver(MailRoom::Message.new(uid: 7, body: "Gr\u00FC\u00DFe"))
    expect(JSON.parse(stream.string)).to include("uid" => 7, "action" => "sending to deliverer", "byte_size" => 7,
                                                 "deliverer" => "MailRoom::Delivery::Noop")
  end

  it "has nothing to do about a message without a body" do
    stream = StringIO.new
    expect(build(logger: { log_path: stream }).deliver(MailRoom::Message.new(uid: 1, body: nil))).to be(true)
    expect(stream.string).to eq("")
  end

  it "delivers a message by hand" do
    expect(build.deliver(MailRoom::Message.new(uid: 1, body: "x"))).to be(true)
    expect(build.deliver?(1)).to be(true)
  end
end
