# frozen_string_literal: true

require "date"

# Bad values of a mailbox and of its deliveries: each is refused when the mailbox is made, in one line that names the field.
RSpec.describe MailRoom::MailboxValidation do
  def build(**attributes)
    MailRoom::Mailbox.new({ email: "in@example.com", password: "s3cret-pass", name: "inbox", delivery_method: "noop", **attributes })
  end

  def delivering(method, **options)
    { delivery_method: method, delivery_options: options }
  end

  graph = { inbox_method: "microsoft_graph", password: nil,
            inbox_options: { tenant_id: "t", client_id: "c", client_secret: "s3cret-pass" } }
  {
    { since: "yesterday" } => "Field :since in Mailbox (.*) must be a date such as 2026-11-01, or first_run",
    { since: "2026-02-30" } => "Field :since in Mailbox (.*) must be a date such as 2026-11-01, or first_run",
    { since: "2026-13-01" } => "Field :since in Mailbox (.*) must be a date such as 2026-11-01, or first_run",
    { since: "1969-12-31" } => "Field :since in Mailbox (.*) must be a date such as 2026-11-01, or first_run",
    { since: "1-Nov-2026" } => "Field :since in Mailbox (.*) must be a date such as 2026-11-01, or first_run",
    { since: "2026-11-01 SEEN" } => "Field :since in Mailbox (.*) must be a date such as 2026-11-01, or first_run",
    { since: "2026-11-01\n" } => "Field :since in Mailbox (.*) must be a date such as 2026-11-01, or first_run",
    { since: "" } => "Field :since in Mailbox (.*) must be a date such as 2026-11-01, or first_run",
    { since: 2026 } => "Field :since in Mailbox (.*) must be a date such as 2026-11-01, or first_run",
    { since: [] } => "Field :since in Mailbox (.*) must be a date such as 2026-11-01, or first_run",
    { since: "first_run" } => "Field :since in Mailbox (.*) can be first_run with arbitration_method redis only, .*",
    { since: "first_run", **graph } => "Field :since in Mailbox (.*) can be first_run with arbitration_method redis only, .*",
    { delivered_mailbox: "inbox" } => "Field :delivered_mailbox in Mailbox (.*) must be another folder than the one that is watched",
    { delivered_mailbox: "Shop", name: "Shop" } => "Field :delivered_mailbox in Mailbox (.*) must be another folder than the one .*",
    { delivered_mailbox: "INBOX" } => "Field :delivered_mailbox in Mailbox (.*) must be another folder than the one that is watched",
    { delivered_mailbox: "Inbox.Shop", name: "INBOX.Shop" } => "Field :delivered_mailbox in Mailbox (.*) must be another folder than .*",
    { failed_mailbox: "Inbox", **graph } => "Field :failed_mailbox in Mailbox (.*) must be another folder than the one that is watched",
    { delivered_mailbox: "Done", failed_mailbox: "Done" } =>
      "Field :delivered_mailbox in Mailbox (.*) must be another folder than failed_mailbox: .*",
    { delivered_mailbox: "" } => "Field :delivered_mailbox in Mailbox (.*) must not be empty",
    { delivered_mailbox: ["Done"] } => "Field :delivered_mailbox in Mailbox (.*) must be a string, not a list: put it in quotes",
    { delivered_mailbox: "a\r\nb" } => "Field :delivered_mailbox in Mailbox (.*) must not contain CR, LF or NUL",
    { delivered_mailbox: "Done", delete_after_delivery: true } =>
      "Field :delivered_mailbox in Mailbox (.*) cannot stand beside delete_after_delivery: remove one of them",
    { on_trouble: {} } => "on_trouble of Mailbox (.*) needs one of url and command: who is told of trouble",
    { on_trouble: { url: "https://h/", command: ["x"] } } => "on_trouble of Mailbox (.*) needs one of url and command: .*",
    { on_trouble: "https://h/" } => "Field :on_trouble in Mailbox (.*) must be a mapping of options, not text",
    { on_trouble: { url: "mailto:a@b" } } => "Field :url in on_trouble of Mailbox (.*) must begin with http:// or https://",
    { on_trouble: { url: "https://h/", after: 0 } } => "Field :after in on_trouble of Mailbox (.*) must be between 1 and 86400, not 0",
    { on_trouble: { url: "https://h/", after: "soon" } } => "Field :after in on_trouble of Mailbox (.*) must be a whole number, not text",
    { on_trouble: { command: [] } } => "Field :command in on_trouble of Mailbox (.*) must name a program to run, .*",
    { delivery_method: "command" } => "Field :command in delivery_options of Mailbox (.*) is required",
    { delivery_method: "command", delivery_options: { command: [] } } =>
      "Field :command in delivery_options of Mailbox (.*) must name a program to run, and may go on with its arguments",
    { delivery_method: "command", delivery_options: { command: "" } } =>
      "Field :command in delivery_options of Mailbox (.*) must name a program to run, and may go on with its arguments",
    { delivery_method: "command", delivery_options: { command: "say 'hello" } } =>
      "Field :command in delivery_options of Mailbox (.*) has a quote that does not end",
    { delivery_method: "command", delivery_options: { command: ["a", ["b"]] } } =>
      "Field :command in delivery_options of Mailbox (.*) must be a string, not a list: put it in quotes",
    { delivery_method: "command", delivery_options: { command: ["a"], timeout: 0 } } =>
      "Field :timeout in delivery_options of Mailbox (.*) must be between 1 and 3600, not 0",
    { delivery_method: "active_job" } => "Field :job_class in delivery_options of Mailbox (.*) is required",
    { delivery_method: "active_job", delivery_options: { job_class: "" } } =>
      "Field :job_class in delivery_options of Mailbox (.*) is required",
    { delivery_method: "action_mailbox", delivery_options: { url: "ftp://h/", password: "s3cret-pass" } } =>
      "Field :url in delivery_options of Mailbox (.*) must begin with http:// or https://",
    { delivery_method: "action_mailbox", delivery_options: { url: "shop.example.com", password: "s3cret-pass" } } =>
      "Field :url in delivery_options of Mailbox (.*) must begin with http:// or https://",
    { delivery_method: "action_mailbox", delivery_options: { url: "https://h/?a=s3cret-pass", password: "x" } } =>
      "Field :url in delivery_options of Mailbox (.*) must be the app's address, without \\? and #",
    { delivery_method: "action_mailbox", delivery_options: { url: "https://h/" } } =>
      "Field :password in delivery_options of Mailbox (.*) is required \\(or RAILS_INBOUND_EMAIL_PASSWORD\\): .*",
    { matching: { address: "in+%{key}@h.test", bounces: "drop" } } =>
      "Field :bounces in matching of Mailbox (.*) must be one of deliver, ignore",
    { delivery_method: "sidekiq", delivery_options: { worker: "W", max_job_size: 0 } } =>
      "Field :max_job_size in delivery_options of Mailbox (.*) must be at least 1 .*",
    { delivery_method: "sidekiq", delivery_options: { worker: "W", max_job_size: "10 MB" } } =>
      "Field :max_job_size in delivery_options of Mailbox (.*) must be a whole number, not text",
    { delivery_method: "postback",
      delivery_options: { url: "http://h/", jwt_auth_header: "X", jwt_secret_path: "/s", jwt_key_id: "thumbprint" } } =>
      ".*jwt_key_id: thumbprint needs RS256 or ES256: the secret of HS256 has no public key",
    { delivery_method: "postback",
      delivery_options: { url: "http://h/", jwt_auth_header: "X", jwt_secret_path: "/s", jwt_key_id: ["a"] } } =>
      "Field :jwt_key_id in delivery_options of Mailbox (.*) must be a string, not a list: put it in quotes",
    { delivery_method: "postback",
      delivery_options: { url: "http://h/", jwt_auth_header: "X", jwt_secret_path: "/s", jwt_expires_in: 0 } } =>
      "Field :jwt_expires_in in delivery_options of Mailbox (.*) must be between 1 and 86400, not 0"
  }.each do |attributes, message|
    it "refuses #{attributes}" do
      ENV.delete("RAILS_INBOUND_EMAIL_PASSWORD")
      expect { build(**attributes) }.to raise_error(MailRoom::ConfigurationError) { |error|
        expect(error.message).to match(/\A#{message.gsub("(.*)", "\\([^\n]*?\\)")}\z/).and match(/\A.*\z/)
        expect(error.message).not_to include("s3cret")
      }
    end
  end

  it "warns of an unknown key of on_trouble" do
    expect { build(on_trouble: { url: "https://h/", afer: 60 }) }
      .to output("mail_room: warning: unknown option :afer in on_trouble is ignored (did you mean :after?)\n").to_stderr
  end

  describe "since" do
    def since(value) = build(since: value).to_native["search_command"]

    it "is a day, in every form of a date or a time" do
      [Date.new(2020, 11, 1), DateTime.new(2020, 11, 1, 23), Time.new(2020, 11, 1, 23, 30, 0, "-11:00"), "2020-11-01",
       "2020-11-01T23:30:00Z", "2020-11-01T23:30:00-11:00", "2020-11-01 23:30", "2020-11-01 23:30:00 UTC", "2020-11-01T00:00:00.123+0100"]
        .each { |value| expect(since(value)).to eq("UNSEEN SINCE 1-Nov-2020"), value.inspect }
    end

    it "is read from a file as a date" do
      Dir.mktmpdir do |dir|
        path = File.join(dir, "mail_room.yml")
        [%w[2020-11-01 1-Nov-2020], ["\"2020-11-01\"", "1-Nov-2020"], ["\"2020-11-01T12:00:00Z\"", "1-Nov-2020"]].each do |text, day|
          File.write(path, <<~YAML)
            :mailboxes:
              - :email: in@example.com
                :password: x
                :name: inbox
                :delivery_method: noop
                :since: #{text}
          YAML
          mailbox = MailRoom::Configuration.new(config_path: path).mailboxes.first
          expect(mailbox.to_native["search_command"]).to eq("UNSEEN SINCE #{day}")
        end
        File.write(path, File.read(path).sub(/since: .*/, "since: 2020-11-01 12:00:00"))
        expect { MailRoom::Configuration.new(config_path: path) }
          .to raise_error(MailRoom::ConfigurationError, /\A\S+ is not understood: .*\(a time, say\): text must be in quotes\z/)
      end
    end

    it "warns if it is in the future" do
      expect { since(Time.now + (3 * 86_400)) }
        .to output(/\Amail_room: warning: since of Mailbox .* is in the future: no message is handled before \d{4}-\d\d-\d\d\n\z/).to_stderr
      expect { build(name: "other", since: Time.now + 86_400) }.not_to output.to_stderr
      expect { build(name: "other", since: Date.new(2020, 1, 1)) }.not_to output.to_stderr
    end

    it "may be the first run at Graph, too, with a Redis that remembers it" do
      mailbox = build(since: :first_run, inbox_method: "microsoft_graph", arbitration_method: "redis",
                      inbox_options: { tenant_id: "t", client_id: "c", client_secret: "x" })
      expect(mailbox.to_native["since_first_run"]).to be(true)
      expect(mailbox.to_native["graph"]).not_to have_key("since")
    end
  end
end
