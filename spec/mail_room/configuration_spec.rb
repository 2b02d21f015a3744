# frozen_string_literal: true

require "tempfile"

RSpec.describe MailRoom::Configuration do
  def read(text, quiet: false)
    Tempfile.create("mail_room.yml") do |file|
      file.write(text)
      file.flush
      yield described_class.new(config_path: file.path, quiet: quiet), file.path
    end
  end

  # What GitLab's own template renders for Sidekiq.
  let(:gitlab) do
    <<~YAML
      :mailboxes:
        -
          :host: "imap.example.com"
          :port: 993
          :ssl: true
          :start_tls: false
          :email: "gitlab-incoming@example.com"
          :password: "[REDACTED]"
          :idle_timeout: 60
          :logger:
            :log_path: /tmp/mail_room_json.log
          :inbox_method: "imap"
          :inbox_options: {}
          :name: "inbox"
          :delete_after_delivery: true
          :expunge_deleted: true
          :delivery_method: sidekiq
          :delivery_options:
            :redis_url: "redis://:pass@mymaster/"
            :redis_db: 0
            :queue: email_receiver
            :worker: EmailReceiverWorker
            :sentinels:
              -
                :host: localhost
                :port: 26379
          :arbitration_method: redis
          :arbitration_options:
            :redis_url: "redis://:pass@mymaster/"
            :sentinels:
              -
                :host: localhost
                :port: 26379
    YAML
  end

  it "loads what GitLab renders" do
    read(gitlab) do |configuration|
      expect(configuration.mailboxes.map(&:email)).to eq(["gitlab-incoming@example.com"])
      native = configuration.mailboxes.first.to_watch
      expect(native["delivery"]).to include("queue" => "email_receiver", "worker" => "EmailReceiverWorker")
      expect(native["arbitration"]["redis"]["sentinels"]).to eq([{ "host" => "localhost", "port" => 26_379, "tls" => nil }])
    end
  end

  it "evaluates ERB with the file's own name, and takes string keys" do
    text = "mailboxes:\n  - {email: <%= File.basename(__FILE__).inspect %>, password: x, name: inbox, delivery_method: noop}\n"
    read(text) do |configuration, path|
      expect(configuration.mailboxes.first.email).to eq(File.basename(path))
    end
  end

  {
    "mailboxes: [" => /is no YAML: .* at line/,
    "mailboxes: 7" => /no list of mailboxes/,
    "{}" => /no list of mailboxes/,
    "mailboxes: [7]" => /not a mapping/,
    "mailboxes: [{email: !ruby/object:Object {}}]" => /not understood/
  }.each do |text, message|
    it "says in one line what is wrong with #{text}" do
      expect { read(text) { nil } }.to raise_error(MailRoom::ConfigurationError, message)
    end
  end

  it "is quiet about a missing file, and keeps what was read before an error" do
    expect(described_class.new(config_path: "/nonexistent", quiet: true).mailboxes).to eq([])
    expect { described_class.new(config_path: "/nonexistent") }.to raise_error(MailRoom::ConfigurationError, /cannot read/)
    broken = "#{gitlab}  - :email: incomplete@example.com\n"
    read(broken, quiet: true) { |configuration| expect(configuration.mailboxes.size).to eq(1) }
  end
end
