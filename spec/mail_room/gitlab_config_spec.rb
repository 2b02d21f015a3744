# frozen_string_literal: true

require "fileutils"
require "openssl"
require "tmpdir"

RSpec.describe MailRoom::GitlabConfig do
  around { |example| Dir.mktmpdir { |dir| Dir.chdir(dir) { example.run } } }

  before { FileUtils.mkdir_p("config") }

  def refusal
    yield
    raise "nothing was refused"
  rescue MailRoom::ConfigurationError => e
    expect(e.message).not_to include("hidden")
    expect(e.cause).to be_nil
    e.message
  end

  describe "gitlab.yml" do
    let(:incoming) do
      { "enabled" => true, "address" => "incoming+%{key}@in.example.com", "user" => "incoming", "password" => "hidden",
        "host" => "imap.example.com" }
    end
    let(:gitlab) { { "host" => "gitlab.example.com", "https" => true } }

    def yml(environment = nil, resque: { "production" => { "url" => "redis://:hidden@redis.example.com:6379/2" } }, **sections)
      File.write("config/resque.yml", YAML.dump(resque)) if resque
      File.write("config/gitlab.yml", YAML.dump("production" => sections.transform_keys(&:to_s)))
      described_class.yml("config/gitlab.yml", environment)
    end

    def only(...) = yml(...).first.last

    it "gives GitLab's own defaults" do
      expect(only(gitlab: gitlab, incoming_email: incoming)).to eq(
        email: "incoming", password: "hidden", host: "imap.example.com", port: 143, ssl: false, start_tls: false, name: "inbox",
        idle_timeout: 60, delete_after_delivery: true, expunge_deleted: false,
        logger: { log_path: File.expand_path("log/mail_room_json.log") },
        matching: { address: "incoming+%{key}@in.example.com", gitlab_host: "gitlab.example.com" },
        delivery_method: "sidekiq",
        delivery_options: { redis_url: "redis://:hidden@redis.example.com:6379/2", redis_db: 2, queue: "default",
                            worker: "EmailReceiverWorker" },
        arbitration_method: "redis",
        arbitration_options: { redis_url: "redis://:hidden@redis.example.com:6379/2", namespace: "mail_room:gitlab" }
      )
    end

    it "takes every key, of both sections alike" do
      all = incoming.merge("port" => 993, "ssl" => true, "start_tls" => true, "mailbox" => "Archive", "idle_timeout" => 90,
                           "log_path" => "/var/log/x.log", "expunge_deleted" => true, "delete_after_delivery" => false,
                           "inbox_method" => "imap", "delivery_method" => "webhook", "gitlab_url" => "http://10.0.0.1:8080/",
                           "secret_file" => "secrets/mail")
      boxes = yml(gitlab: gitlab, incoming_email: all, service_desk_email: all)
      expect(boxes.map(&:first)).to eq(["incoming_email in config/gitlab.yml", "service_desk_email in config/gitlab.yml"])
      boxes.map(&:last).zip(%w[incoming_email service_desk_email]) do |box, type|
        expect(box).to include(port: 993, ssl: true, start_tls: true, name: "Archive", idle_timeout: 90, expunge_deleted: true,
                               delete_after_delivery: false, logger: { log_path: "/var/log/x.log" }, delivery_method: "postback")
        expect(box[:delivery_options]).to eq(
          delivery_url: "http://10.0.0.1:8080/api/v4/internal/mail_room/#{type}", content_type: "text/plain",
          jwt_auth_header: "Gitlab-Mailroom-Api-Request", jwt_issuer: "gitlab-mailroom", jwt_algorithm: "HS256",
          jwt_secret_path: File.expand_path("secrets/mail")
        )
        expect(MailRoom::Mailbox.new(box)).to be_a(MailRoom::Mailbox)
      end
    end

    it "signs with signing_key_file for GitLab's routing service" do
      File.write("key.pem", OpenSSL::PKey::EC.generate("prime256v1").to_pem)
      section = incoming.merge("delivery_method" => "webhook", "signing_key_file" => "key.pem")
      options = only(gitlab: gitlab, incoming_email: section)[:delivery_options]
      expect(options).to include(jwt_auth_header: "Gitlab-Mailroom-Api-Request", jwt_issuer: "gitlab-mailroom", jwt_algorithm: "ES256",
                                 jwt_secret_path: File.expand_path("key.pem"), jwt_key_id: "thumbprint", jwt_expires_in: 60)
      box = { email: "a@b.c", password: "x", name: "inbox", delivery_options: options }
      token = MailRoom::Delivery::Postback::Options.new(MailRoom::Mailbox.new(box)).jwt.token
      header, payload = token.split(".").first(2).map { |part| JSON.parse(part.tr("-_", "+/").unpack1("m")) }
      expect([header["alg"], header["kid"].size, payload["exp"] - payload["iat"]]).to eq(["ES256", 43, 60])
    end

    it "does not warn about the namespace that GitLab has" do
      allow(MailRoom::Warnings).to receive(:once)
      MailRoom::Mailbox.new(only(gitlab: gitlab, incoming_email: incoming))
      expect(MailRoom::Warnings).not_to have_received(:once).with(anything, /namespaces are deprecated/)
    end

    it "gives Service Desk's messages to its own worker" do
      expect(only(gitlab: gitlab, service_desk_email: incoming)[:delivery_options]).to include(worker: "ServiceDeskEmailReceiverWorker")
    end

    it "asks neither host nor password of Microsoft Graph" do
      app = { "tenant_id" => 1, "client_id" => "c", "client_secret" => "hidden" }
      graph = incoming.except("host", "password").merge("inbox_method" => "microsoft_graph", "inbox_options" => app)
      box = only(gitlab: gitlab, incoming_email: graph)
      expect(box).to include(inbox_method: "microsoft_graph", inbox_options: { tenant_id: 1, client_id: "c", client_secret: "hidden" })
      expect(box.keys).not_to include(:host, :password)
      expect(MailRoom::Mailbox.new(box)).to be_microsoft_graph
    end

    {
      { "host" => "g" } => "http://g",
      { "host" => "g", "https" => true, "port" => 8443 } => "https://g:8443",
      { "host" => "g", "https" => "true", "port" => 443, "relative_url_root" => "/git" } => "https://g/git"
    }.each do |installation, url|
      it "posts to #{url} unless gitlab_url says otherwise" do
        box = only(gitlab: installation, incoming_email: incoming.merge("delivery_method" => "webhook"))
        expect(box[:delivery_options]).to include(delivery_url: "#{url}/api/v4/internal/mail_room/incoming_email",
                                                  jwt_secret_path: File.expand_path(".gitlab_incoming_email_secret"))
      end
    end

    it "evaluates ERB and takes the environment that is asked for, else that of the process, else production" do
      File.write("config/gitlab.yml", <<~YAML)
        production: &p
          incoming_email: {enabled: true, address: a@b.c, user: <%= 'u' * 2 %>, password: x, host: h}
          gitlab: {host: g}
        test:
          <<: *p
          incoming_email: {enabled: true, address: a@b.c, user: t, password: x, host: h}
      YAML
      File.write("config/resque.yml", "production: redis://p\ntest: redis://t\n")
      user = ->(*environment) { described_class.yml("config/gitlab.yml", *environment).first.last.values_at(:email, :delivery_options) }
      expect(user.call).to match(["uu", include(redis_url: "redis://p", redis_db: 0)])
      expect(user.call("test")).to match(["t", include(redis_url: "redis://t")])
      begin
        ENV["RAILS_ENV"] = "test"
        expect(user.call.first).to eq("t")
      ensure
        ENV.delete("RAILS_ENV")
      end
      expect(refusal { user.call("staging") }).to eq("config/gitlab.yml has nothing for the environment staging: it has production, " \
                                                     "test (choose with --environment)")
    end

    describe "GitLab's Redis" do
      def redis = only(resque: nil, gitlab: gitlab, incoming_email: incoming)[:delivery_options].except(:queue, :worker)

      it "is that of redis.queues.yml, before redis.yml, before resque.yml" do
        File.write("config/resque.yml", "production: redis://resque")
        expect(redis).to eq(redis_url: "redis://resque", redis_db: 0)
        File.write("config/redis.yml", "production: {queues: {url: 'redis://redis/4', password: 'hid den'}}")
        expect(redis).to eq(redis_url: "redis://:hid%20den@redis/4", redis_db: 4)
        File.write("config/redis.queues.yml", "production: {url: 'unix:/s?db=3'}")
        expect(redis).to eq(redis_url: "unix:/s?db=3", redis_db: 3)
      end

      it "may be behind Sentinels and TLS" do
        File.write("config/resque.yml", YAML.dump("production" => {
                                                    "url" => "rediss://:hidden@gitlab-redis/", "sentinel_password" => "hidden2",
                                                    "sentinels" => [{ "host" => "s", "port" => 1, "ssl" => true,
                                                                      "ssl_params" => { "cert_file" => "/c", "key_file" => "/k" } }],
                                                    "ssl_params" => { "ca_file" => "/ca" }
                                                  }))
        expect(redis).to eq(redis_url: "rediss://:hidden@gitlab-redis/", redis_db: 0, redis_ssl_params: { ca_file: "/ca" },
                            sentinels: [{ host: "s", port: 1, ssl: true, ssl_params: { cert: "/c", key: "/k" } }],
                            sentinel_password: "hidden2")
      end

      it "is the one on this machine, with a warning, if no file says where" do
        expect { expect(redis).to eq(redis_url: "redis://localhost:6379", redis_db: 0) }
          .to output(%r{no resque.yml with production in .*: using redis://localhost:6379}).to_stderr
      end

      it "is not asked of a command" do
        File.write("config/resque.yml", "production: {url: 'redis://x', config_command: /bin/hidden}")
        expect(refusal { redis }).to include("resque.yml: config_command is not run here")
      end
    end

    it "says what is missing, where" do
      expect(refusal { yml(gitlab: gitlab, incoming_email: incoming.merge("enabled" => false)) })
        .to start_with("config/gitlab.yml: no mailbox is enabled: set enabled of incoming_email or service_desk_email to true")
      expect(refusal { yml(gitlab: gitlab, incoming_email: incoming.except("address")) })
        .to eq("Field :address in incoming_email in config/gitlab.yml is required: GitLab takes no mail without it")
      expect(refusal { yml(gitlab: gitlab, incoming_email: incoming.merge("delivery_method" => "pigeon")) })
        .to include("Field :delivery_method in incoming_email in config/gitlab.yml must be one of sidekiq, webhook")
      expect(refusal { yml(incoming_email: incoming.merge("delivery_method" => "webhook")) }).to include("Field :gitlab_url")
      expect { yml(gitlab: gitlab, incoming_email: incoming.merge("adress" => "x")) }
        .to output(/unknown option :adress in GitLab's incoming_email is ignored \(did you mean :address\?\)/).to_stderr
    end

    it "says which section a mailbox that cannot be is from" do
      File.write("config/resque.yml", "production: redis://x")
      File.write("config/gitlab.yml", YAML.dump("production" => { "incoming_email" => incoming.except("host") }))
      expect(refusal { MailRoom::Configuration.new(gitlab_config: "config/gitlab.yml") })
        .to eq('incoming_email in config/gitlab.yml: Field :host is required in Mailbox (name "inbox", email "incoming")')
    end

    describe "encrypted settings" do
      before do
        FileUtils.mkdir_p("shared/encrypted_settings")
        File.write("shared/encrypted_settings/incoming_email.yaml.enc", "user: decrypted\npassword: hidden2")
        File.write("config/secrets.yml", "shared: {}\nproduction: {encrypted_settings_key_base: key}")
      end

      it "win where GitLab is there to decrypt them" do
        FileUtils.mkdir_p("lib/gitlab")
        # What GitLab's class is called and answers; the cipher is GitLab's business.
        File.write("lib/gitlab/encrypted_configuration.rb", <<~RUBY)
          module Gitlab
            class EncryptedConfiguration
              def initialize(content_path:, base_key:, previous_keys:) = @args = [content_path, base_key, previous_keys]
              def active? = @args[1] == "key" && @args[2] == []
              def config = YAML.safe_load(File.read(@args[0])).transform_keys(&:to_sym)
            end
          end
        RUBY
        code = 'require "mail_room"; puts MailRoom::GitlabConfig.yml("config/gitlab.yml").first.last.values_at(:email, :password)'
        only(gitlab: gitlab, incoming_email: incoming.merge("encrypted_secret_file" => "none"))
        File.write("config/gitlab.yml", YAML.dump("production" => { "incoming_email" => incoming }))
        said = IO.popen([RbConfig.ruby, "-I", File.expand_path("../../lib", __dir__), "-e", code], &:read)
        expect(said.lines(chomp: true)).to eq(%w[decrypted hidden2])
      end

      it "take their keys from the secrets.yml that is named" do
        # The file is not there, so the error names it.
        FileUtils.mkdir_p("lib/gitlab")
        File.write("lib/gitlab/encrypted_configuration.rb", "module Gitlab; class EncryptedConfiguration; end; end")
        File.write("config/gitlab.yml", YAML.dump("production" => { "incoming_email" => incoming }))
        code = 'require "mail_room"; begin; MailRoom::GitlabConfig.yml("config/gitlab.yml", secrets: "elsewhere/keys.yml"); ' \
               "rescue MailRoom::ConfigurationError => e; puts e.message; end"
        said = IO.popen([RbConfig.ruby, "-I", File.expand_path("../../lib", __dir__), "-e", code], &:read)
        expect(said).to match(%r{\Acannot read the configuration file elsewhere/keys.yml: })
      end

      it "are an error that says what to do where it is not" do
        expect(refusal { only(gitlab: gitlab, incoming_email: incoming) })
          .to match(%r{/shared/encrypted_settings/incoming_email.yaml.enc cannot be read: only GitLab can decrypt it, .*bundle exec})
      end
    end
  end

  describe "gitlab.rb" do
    let(:rails) do
      <<~RUBY
        external_url 'https://gitlab.example.com/git'
        gitlab_rails['incoming_email_enabled'] = true
        gitlab_rails['incoming_email_address'] = "incoming+%{key}@in.example.com"
        gitlab_rails['incoming_email_email'] = "incoming"
        gitlab_rails['incoming_email_password'] = "hidden"
        gitlab_rails['incoming_email_host'] = "imap.example.com"
      RUBY
    end

    def rb(text = "")
      File.write("gitlab.rb", rails + text)
      described_class.omnibus("gitlab.rb")
    end

    def only(...) = rb(...).first.last

    it "says that external_url is missing, and lets the check go on" do
      File.write("gitlab.rb", rails.sub(/^external_url.*\n/, ""))
      boxes = nil
      expect { boxes = described_class.omnibus("gitlab.rb") }
        .to output(/external_url in gitlab\.rb is not set: messages cannot be posted .*set external_url in gitlab\.rb to/).to_stderr
      mailbox = MailRoom::Mailbox.new(boxes.first.last)
      expect { mailbox.to_watch }.to raise_error(MailRoom::ConfigurationError, /:delivery_url in Mailbox .* is required/)
    end

    it "tells how a fatal error is to be written, if the file says so" do
      { "" => [], "mailroom['exit_log_format'] = 'json'\n" => ["json"], "mailroom['exit_log_format'] = :plain\n" => ["plain"] }
        .each do |line, told|
          File.write("gitlab.rb", rails + line)
          heard = []
          described_class.omnibus("gitlab.rb") { |format| heard << format }
          expect(heard).to eq(told)
        end
      expect(refusal { rb("mailroom['exit_log_format'] = 'xml'\n") })
        .to eq("gitlab.rb: mailroom['exit_log_format'] must be json or plain")
    end

    it "gives the packages' own defaults" do
      expect(only).to eq(
        email: "incoming", password: "hidden", host: "imap.example.com", port: 143, ssl: false, start_tls: false, name: "inbox",
        idle_timeout: 60, delete_after_delivery: true, expunge_deleted: false,
        logger: { log_path: "/var/log/gitlab/mailroom/mail_room_json.log" },
        matching: { address: "incoming+%{key}@in.example.com", gitlab_host: "gitlab.example.com" },
        delivery_method: "postback",
        delivery_options: {
          delivery_url: "https://gitlab.example.com/git/api/v4/internal/mail_room/incoming_email", content_type: "text/plain",
          jwt_auth_header: "Gitlab-Mailroom-Api-Request", jwt_issuer: "gitlab-mailroom", jwt_algorithm: "HS256",
          jwt_secret_path: "/opt/gitlab/embedded/service/gitlab-rails/.gitlab_incoming_email_secret"
        },
        arbitration_method: "redis",
        arbitration_options: { redis_url: "unix:/var/opt/gitlab/redis/redis.socket", namespace: "mail_room:gitlab" }
      )
    end

    it "takes every setting, of both prefixes alike" do
      settings = { email: "u", password: "p", host: "h", port: 993, ssl: true, start_tls: true, mailbox_name: "Box", idle_timeout: 90,
                   log_file: "/l", expunge_deleted: true, delete_after_delivery: false, delivery_method: "sidekiq", address: "a@b.c",
                   enabled: true }
      pairs = %w[incoming_email service_desk_email].product(settings.to_a)
      boxes = rb(pairs.map { |type, (key, value)| "gitlab_rails['#{type}_#{key}'] = #{value.inspect}\n" }.join).map(&:last)
      expect(boxes).to all(include(email: "u", password: "p", host: "h", port: 993, ssl: true, start_tls: true, name: "Box",
                                   idle_timeout: 90, logger: { log_path: "/l" }, expunge_deleted: true, delete_after_delivery: false,
                                   delivery_method: "sidekiq"))
      expect(boxes.map { |box| box[:delivery_options][:worker] }).to eq(%w[EmailReceiverWorker ServiceDeskEmailReceiverWorker])
    end

    it "is evaluated as packages do it" do
      File.write("more.rb", "gitlab_rails['incoming_email_mailbox_name'] = 'From another file'")
      box = only(<<~RUBY)
        roles ['application_role', 'monitoring_role']
        some_setting_of_a_later_version 'x', 'y'
        nginx['custom']['nested'] = 1
        gitlab_rails[:incoming_email_port] = Integer(ENV.fetch('NO_SUCH', '994'))
        Gitlab['gitlab_rails']['incoming_email_ssl'] = true
        Gitlab.prometheus['enable'] = false
        gitlab_rails['incoming_email_inbox_options'] = { 'tenant_id': 'x' }
        from_file 'more.rb'
        gitlab_rails['incoming_email_idle_timeout'] = [60, 70].max unless node['x'] == 1
      RUBY
      expect(box).to include(port: 994, ssl: true, inbox_options: { tenant_id: "x" }, name: "From another file", idle_timeout: 70)
    end

    it "is evaluated in an object of its own, beside a host's own constants" do
      stub_const("Gitlab", Module.new)
      expect(only("Gitlab['gitlab_rails']['incoming_email_port'] = 7\ndef helper = 8\nLOCAL = helper")).to include(port: 7)
      expect(defined?(LOCAL)).to be_nil
      expect(Object.new.respond_to?(:helper, true)).to be(false)
      # Constants of ours that have the names of Ruby's.
      expect(only("gitlab_rails['incoming_email_host'] = Logger.name")).to include(host: "Logger")
    end

    it "finds the packages' Redis" do
      {
        "gitlab_rails['redis_host'] = 'r'; gitlab_rails['redis_password'] = 'hid den'; gitlab_rails['redis_database'] = 3" =>
          { redis_url: "redis://:hid%20den@r:6379/3", redis_db: 3 },
        "gitlab_rails['redis_socket'] = '/s'; gitlab_rails['redis_database'] = 2" => { redis_url: "unix:/s?db=2", redis_db: 2 },
        "gitlab_rails['redis_host'] = 'r'; gitlab_rails['redis_port'] = 1; gitlab_rails['redis_ssl'] = true; " \
        "gitlab_rails['redis_tls_ca_cert_file'] = '/ca'" =>
          { redis_url: "rediss://r:1/", redis_db: 0, redis_ssl_params: { ca_file: "/ca" } },
        "redis['master_name'] = 'm'; redis['master_password'] = 'hidden'; gitlab_rails['redis_sentinels_password'] = 'hidden2'; " \
        "gitlab_rails['redis_sentinels'] = [{'host' => 's', 'port' => 26379}]" =>
          { redis_url: "redis://:hidden@m/", redis_db: 0, sentinels: [{ host: "s", port: 26_379 }], sentinel_password: "hidden2" },
        "gitlab_rails['redis_host'] = 'other'; gitlab_rails['redis_queues_instance'] = 'redis://q:1/5'" =>
          { redis_url: "redis://q:1/5", redis_db: 5 }
      }.each do |text, redis|
        delivery = only("#{text}\ngitlab_rails['incoming_email_delivery_method'] = 'sidekiq'")[:delivery_options]
        expect(delivery).to eq({ **redis, queue: "default", worker: "EmailReceiverWorker" }), text
      end
    end

    it "posts straight to Workhorse where that listens on TCP" do
      box = only("gitlab_workhorse['listen_network'] = 'tcp'; gitlab_workhorse['listen_addr'] = '127.0.0.1:8181'")
      expect(box[:delivery_options][:delivery_url]).to eq("http://127.0.0.1:8181/api/v4/internal/mail_room/incoming_email")
    end

    {
      "\ngitlab_rails['x'] = " => /\Agitlab.rb:\d+: it cannot be evaluated: SyntaxError\z/,
      "raise 'no'" => /\Agitlab.rb:7: it cannot be evaluated: RuntimeError\z/,
      "x = nil\nx['hidden'] = 1" => /\Agitlab.rb:8: it cannot be evaluated: NoMethodError\z/,
      "'hidden'.nope" => /\Agitlab.rb:7: it cannot be evaluated: NoMethodError\z/,
      "from_file '/none/such.rb'" => /\Agitlab.rb:7: it cannot be evaluated: Errno::ENOENT\z/,
      "exit" => /\Agitlab.rb:7: it cannot be evaluated: SystemExit/,
      "require 'no/such'" => /\Agitlab.rb:7: it cannot be evaluated: LoadError\z/,
      "gitlab_rails['incoming_email_enabled'] = false" => /\Agitlab.rb: no mailbox is enabled/,
      "external_url '::'" => /\Agitlab.rb: external_url is no address\z/
    }.each do |text, message|
      it "says file and line of #{text.inspect}" do
        expect(refusal { rb(text) }).to match(message)
      end
    end

    it "says that it is not there" do
      expect(refusal { described_class.omnibus("/none/gitlab.rb") })
        .to eq("cannot read the configuration file /none/gitlab.rb: No such file or directory")
    end
  end
end
