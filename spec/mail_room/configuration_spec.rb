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
    "mailboxes: [" => /is not YAML: .* at line/,
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
    expect { read(broken, quiet: true) { |configuration| expect(configuration.mailboxes.size).to eq(1) } }
      .to output(/\Amail_room: warning: going on with 1 mailboxes \(--quiet\): .*, mailbox 2: Field :password is required.*\n\z/).to_stderr
  end

  it "has no mailboxes without a file, and none in an empty list" do
    expect(described_class.new.mailboxes).to eq([])
    read(":mailboxes: []") { |configuration| expect(configuration.mailboxes).to eq([]) }
  end

  it "is quiet about a file without mailboxes, as GitLab renders it when incoming email is off" do
    [":mailboxes:\n", "{}", ""].each do |text|
      expect { read(text, quiet: true) { |configuration| expect(configuration.mailboxes).to eq([]) } }.not_to output.to_stderr
    end
  end

  it "is not silent about a file that it cannot understand" do
    expect { read("mailboxes: [", quiet: true) { |configuration| expect(configuration.mailboxes).to eq([]) } }
      .to output(/is not YAML.*\n\z/).to_stderr
  end

  it "names the file and the mailbox, and keeps the class of the error" do
    expect { read("#{gitlab}  - :email: x\n") { nil } }
      .to raise_error(MailRoom::ConfigurationError, /mail_room\.yml.*, mailbox 2: Field :password is required in Mailbox\z/)
    expect { read(gitlab.sub("idle_timeout: 60", "idle_timeout: 1800")) { nil } }
      .to raise_error(MailRoom::IdleTimeoutTooLarge, /mailbox 1: Field :idle_timeout/)
  end

  it "suspects a misspelling" do
    expect { read("mailboxs: []") { nil } }.to raise_error(MailRoom::ConfigurationError, /is :mailboxs: a misspelling/)
  end

  it "shows no secret" do
    read(gitlab.sub("[REDACTED]", "hidden").gsub(":pass@", ":hidden@")) do |configuration|
      expect([configuration.inspect, configuration.to_s].join).to include("gitlab-incoming@example.com")
      expect([configuration.inspect, configuration.to_s].join).not_to include("hidden")
      expect { pp(configuration) }.not_to output(/hidden/).to_stdout
    end
  end

  describe "GitLab's template" do
    # The structure and the quirks of GitLab's config/mail_room.yml: ERB that renders JSON into YAML, blank lines where a
    # condition is false, two mailboxes from one loop.
    let(:template) do
      <<~'ERB'
        <% require "json"
           common = { host: "imap.example.com", port: 993, ssl: true, start_tls: false, password: "p: \"#{1}\" \u00FC", idle_timeout: 60,
                      log_path: "/var/log/mail_room_json.log", mailbox: "inbox", expunge_deleted: true,
                      redis_url: "rediss://:secret@gitlab-redis/", redis_db: 0, queue: "default",
                      redis_ssl_params: { ca_file: "/etc/ca.pem", verify_mode: 1 },
                      sentinels: [{ host: "10.0.0.1", port: 26379, ssl: true, ssl_params: { ca_file: "/etc/ca.pem" } }, { host: "10.0.0.2", port: 26379 }],
                      sentinel_password: "sentinel" }
           configs = { incoming_email: common.merge(user: "incoming@example.com", worker: "EmailReceiverWorker"),
                       service_desk_email: common.merge(user: "desk@example.com", worker: "ServiceDeskEmailReceiverWorker", sentinels: nil,
                                                        redis_ssl_params: nil, redis_url: "unix:/run/redis.sock") } %>
        :mailboxes:
          <% configs.each do |key, config| %>
            -
              :host: <%= config[:host].to_json %>
              :port: <%= config[:port].to_json %>
              :ssl: <%= config[:ssl].to_json %>
              :start_tls: <%= config[:start_tls].to_json %>
              :email: <%= config[:user].to_json %>
              :password: <%= config[:password].to_json %>
              :idle_timeout: <%= config[:idle_timeout].to_json %>
              :logger:
                :log_path: <%= config[:log_path].to_json %>

              :name: <%= config[:mailbox].to_json %>

              :delete_after_delivery: <%= config.fetch(:delete_after_delivery, true).to_json %>
              :expunge_deleted: <%= config[:expunge_deleted].to_json %>

              <% if config[:inbox_method] %>
              :inbox_method: <%= config[:inbox_method] %>
              <% end %>

              :delivery_method: sidekiq
              :delivery_options:
                :redis_url: <%= config[:redis_url].to_json %>
                <% if config[:redis_ssl_params] %>
                :redis_ssl_params: <%= config[:redis_ssl_params].to_json %>
                <% end %>
                :redis_db: <%= config[:redis_db] %>
                :queue: <%= config[:queue] %>
                :worker: <%= config[:worker] %>
                <% if config[:sentinels] %>
                :sentinels:
                  <% config[:sentinels].each do |sentinel| %>
                  -
                    :host: <%= sentinel[:host] %>
                    :port: <%= sentinel[:port] %>
                    <% if sentinel[:ssl] %>
                    :ssl: <%= sentinel[:ssl] %>
                    :ssl_params: <%= sentinel[:ssl_params].to_json %>
                    <% end %>
                  <% end %>
                :sentinel_password: <%= config[:sentinel_password].to_json %>
                <% end %>

              :arbitration_method: redis
              :arbitration_options:
                :redis_url: <%= config[:redis_url].to_json %>
                <% if config[:redis_ssl_params] %>
                :redis_ssl_params: <%= config[:redis_ssl_params].to_json %>
                <% end %>
          <% end %>
      ERB
    end

    it "loads unchanged and without a word" do
      natives = nil
      expect { read(template) { |configuration| natives = configuration.mailboxes.map(&:to_watch) } }.not_to output.to_stderr
      expect(natives.first).to include(
        "host" => "imap.example.com", "port" => 993, "security" => "tls", "password" => "p: \"1\" \u00FC", "name" => "inbox",
        "idle_timeout" => 60, "delete_after_delivery" => true, "expunge_deleted" => true, "search_command" => "UNSEEN",
        "log" => { "path" => "/var/log/mail_room_json.log" }
      )
      tls = include("verify" => true, "ca_file" => "/etc/ca.pem")
      expect(natives.first["delivery"]).to include("method" => "sidekiq", "queue" => "default", "worker" => "EmailReceiverWorker")
      expect(natives.first["delivery"]["redis"]).to match(
        "url" => "rediss://:secret@gitlab-redis/", "db" => 0, "sentinel_username" => nil, "sentinel_password" => "sentinel", "tls" => tls,
        "sentinels" => [{ "host" => "10.0.0.1", "port" => 26_379, "tls" => tls }, { "host" => "10.0.0.2", "port" => 26_379, "tls" => nil }]
      )
      expect(natives.first["arbitration"]).to include("method" => "redis", "claim_ttl" => 60, "redis" => include("db" => nil, "tls" => tls))
      expect(natives.last["delivery"]["redis"]).to include("url" => "unix:/run/redis.sock", "sentinels" => [], "tls" => nil)
      expect(natives.last["delivery"]).to include("worker" => "ServiceDeskEmailReceiverWorker")
    end
  end
end
