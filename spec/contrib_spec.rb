# frozen_string_literal: true

require "etc"
require "json"
require "open3"
require "yaml"

# What comes along for administrators.
RSpec.describe "contrib" do
  around { |example| Dir.mktmpdir { |folder| Dir.chdir(folder) { example.run } } }

  def contrib(path) = File.expand_path("../contrib/#{path}", __dir__)

  describe "the unit file" do
    let(:text) { File.read(contrib("systemd/gitlab-mailroom.service")) }

    def directives = text.scan(/^(\w+)=(.*)$/).group_by(&:first).transform_values { |pairs| pairs.map(&:last) }

    def tool? = system("systemd-analyze", "--version", out: File::NULL, err: File::NULL)

    # With a program that is there.
    def unit
      File.write("gitlab-mailroom.service", text.sub(%r{^ExecStart=/usr/local/bin/mail_room}, "ExecStart=/bin/true"))
      File.expand_path("gitlab-mailroom.service")
    end

    it "has what it needs" do
      expect(directives).to include(
        "Type" => ["notify"], "ExecStart" => ["/usr/local/bin/mail_room -c /etc/mail_room/config.yml"], "Restart" => ["on-failure"],
        "NoNewPrivileges" => ["true"], "ProtectSystem" => ["strict"], "ProtectHome" => ["true"], "PrivateTmp" => ["true"],
        "CapabilityBoundingSet" => [""], "User" => ["mail_room"], "WantedBy" => ["multi-user.target"], "ExecReload" => [/HUP \$MAINPID/]
      )
      # We end within 25 s, and are ready within 60.
      expect(directives.values_at("TimeoutStopSec", "TimeoutStartSec").flatten.map(&:to_i)).to match([be > 25, be > 60])
    end

    it "is understood by systemd, and exposes little" do
      next unless tool?

      said, status = Open3.capture2e("systemd-analyze", "verify", "--man=no", unit)
      expect(said.lines.grep(/gitlab-mailroom/)).to eq([])
      expect(status).to be_success, said
      said, status = Open3.capture2e("systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", unit)
      expect(status).to be_success, said
      expect(said).to match(/exposure level for .*: [01]\.\d OK/)
    end
  end

  describe "the SysV script" do
    let(:script) { contrib("init.d/gitlab-mailroom") }

    def call(action)
      said, status = Open3.capture2e({ "DEFAULTS" => File.expand_path("defaults") }, script, action)
      [said, status.exitstatus]
    end

    def defaults(**more)
      values = { DAEMON: MailRoomProcess::EXECUTABLE, CONFIG: File.expand_path("config.yml"), PIDFILE: File.expand_path("pid"),
                 LOG: File.expand_path("log"), RUN_AS: Etc.getpwuid.name, **more }
      File.write("defaults", values.map { |name, value| "#{name}='#{value}'\n" }.join)
    end

    it "starts, tells, reopens, restarts and stops" do
      File.write("config.yml", <<~YAML)
        :mailboxes:
          - {email: a@example.com, password: x, name: inbox, host: 127.0.0.1, port: 1, delivery_method: noop}
      YAML
      defaults
      expect(call("status")).to eq(["gitlab-mailroom does not run\n", 3])
      expect(call("start")).to eq(["", 0])
      pid = WaitUntil.wait_until(10, "the pid") { File.exist?("pid") && File.read("pid")[/\d+/]&.to_i }
      WaitUntil.wait_until(20, "it to work") { File.exist?("log") && File.read("log").include?("Disconnected. Resetting...") }
      expect(call("status")).to eq(["gitlab-mailroom runs\n", 0])
      expect(call("start")).to eq(["gitlab-mailroom runs already\n", 0])
      expect(call("reload").last).to eq(0)
      expect(call("restart").last).to eq(0)
      other = WaitUntil.wait_until(10, "another pid") { File.exist?("pid") && File.read("pid")[/\d+/]&.to_i }
      expect([other == pid, File.exist?("/proc/#{pid}")]).to eq([false, false])
      WaitUntil.wait_until(20, "it to work") { File.read("log").scan("Disconnected. Resetting...").size > 1 }
      expect(call("stop")).to eq(["", 0])
      expect([File.exist?("/proc/#{other}"), call("status").last, call("stop").last]).to eq([false, 3, 0])
    ensure
      call("stop")
    end

    # A program that stays, and says on its standard error who it is.
    def stand_in(code)
      File.write("daemon", "#!/bin/sh\n#{code}\n")
      File.chmod(0o755, "daemon")
      File.write("config.yml", "")
      File.expand_path("daemon")
    end

    it "makes its log for the user that it runs as, who could not" do
      next unless Process.uid.zero?

      user = Etc.getpwnam("nobody")
      File.chmod(0o755, ".")
      defaults(DAEMON: stand_in("id -un >&2; exec sleep 1000"), RUN_AS: user.name, START_WITHIN: 1)
      expect(call("start")).to eq(["", 0])
      WaitUntil.wait_until(10, "a line") { File.read("log") == "nobody\n" }
      log = File.stat("log")
      expect([log.uid, log.gid, log.mode & 0o777]).to eq([user.uid, user.gid, 0o640])
      expect(call("status")).to eq(["gitlab-mailroom runs\n", 0])
      expect(call("stop")).to eq(["", 0])
      # One that is there stays as it is.
      File.chown(0, 0, "log")
      expect(call("start")).to eq(["gitlab-mailroom: #{File.expand_path("log")} cannot be written by nobody\n", 4])
      expect([File.read("log"), call("status").last]).to eq(["nobody\n", 3])
    ensure
      call("stop")
    end

    it "does not say that it has started when the program has ended at once" do
      ended = "gitlab-mailroom: it ended at once; #{File.expand_path("log")} says why\n"
      defaults(DAEMON: stand_in("echo no such thing >&2; exit 1"))
      expect(call("start")).to eq([ended, 1])
      expect([File.read("log"), call("status"), call("stop"), call("reload").last])
        .to eq(["no such thing\n", ["gitlab-mailroom does not run\n", 3], ["", 0], 7])

      File.write("config.yml", ":mailboxes:\n  - {email: a@example.com}\n")
      defaults
      expect(call("start")).to eq([ended, 1])
      expect(File.read("log").lines.last).to match(/\Amail_room: .*config\.yml, mailbox 1: /)
      expect(call("restart").last).to eq(1)
    end

    it "tells a program that has died since" do
      defaults(DAEMON: stand_in("exec sleep 1000"), START_WITHIN: 1)
      expect(call("start").last).to eq(0)
      pid = File.read("pid").to_i
      Process.kill("KILL", pid)
      WaitUntil.wait_until(10, "its end") { !File.exist?("/proc/#{pid}") }
      expect(call("status")).to eq(["gitlab-mailroom does not run, but its pidfile is there\n", 1])
      expect([call("reload").last, call("stop"), call("status").last]).to eq([7, ["", 0], 3])
    end

    it "says what is missing" do
      defaults(CONFIG: "/nonexistent.yml")
      expect(call("start")).to eq(["gitlab-mailroom: /nonexistent.yml cannot be read\n", 6])
      defaults(DAEMON: "/nonexistent")
      expect(call("start")).to eq(["gitlab-mailroom: /nonexistent cannot be run\n", 5])
      File.write("config.yml", "")
      defaults(RUN_AS: "nobody-at-all")
      expect(call("start")).to eq(["gitlab-mailroom: there is no user nobody-at-all\n", 6])
      expect(call("status").last).to eq(3)
      expect(call("dance").last).to eq(2)
    end
  end

  describe "the container recipe" do
    let(:steps) { File.read(contrib("container/Containerfile")).gsub("\\\n", " ").lines.grep(/\A[A-Z]/).map { |line| line.split(" ", 2) } }
    let(:stages) { steps.slice_before { |word, _| word == "FROM" }.to_a.drop(1) }

    it "ends as a user without a name or a privilege, and takes nothing but the compiled gem from the source" do
      last = stages.last
      expect(last.to_h).to include("USER" => "10001:10001\n", "ENTRYPOINT" => "[\"mail_room\"]\n",
                                   "CMD" => "[\"-c\", \"/etc/mail_room/config.yml\"]\n")
      # What runs after that is what the image is for: it shows that this user can start it.
      expect(last.drop_while { |word, _| word != "USER" }.select { |word, _| word == "RUN" }).to eq([["RUN", "mail_room --version\n"]])
      expect(steps.select { |word, rest| %w[COPY ADD].include?(word) && !rest.start_with?("--from=") })
        .to eq([["COPY", "pkg/gitlab-mail_room-*-linux.gem /tmp/\n"]])
    end

    it "finds the gems that Ruby brings, beside ours" do
      variables = stages.last.to_h.fetch("ENV").split.to_h { |pair| pair.split("=", 2) }
      # The official images have a folder of gems of their own.
      environment = { "GEM_HOME" => File.expand_path("bundle"), "RUBYLIB" => nil, "RUBYOPT" => nil,
                      "GEM_PATH" => variables.fetch("GEM_PATH").sub("/gems", File.expand_path("gems")) }
      script = "puts Gem.path; gem %q(net-imap); gem %q(logger)"
      said, status = Open3.capture2e(environment, RbConfig.ruby, "-e", script)
      expect(status).to be_success, said
      expect(said.lines.map(&:chomp)).to include(File.expand_path("gems"))
    end

    it "has no toolchain in any layer" do
      expect(stages.map { |stage| stage.first.last[/\S+/] }).to eq(["ruby:${RUBY}-slim-bookworm"] * 2)
      expect(steps.map(&:last).join).not_to match(/rust|cargo|build-essential|gcc|clang|-dev\b/)
    end
  end

  describe "the compose file" do
    let(:compose) { YAML.safe_load(File.read(contrib("container/compose.yml"))) }

    it "runs the image without root, privileges or a writable file, for as long as it takes to end" do
      service = compose.dig("services", "mail_room")
      expect(service).to include("user" => "10001:10001", "read_only" => true, "cap_drop" => ["ALL"],
                                 "security_opt" => ["no-new-privileges:true"], "stop_grace_period" => "30s")
      # Both paths are relative to the file.
      context = File.expand_path(service.dig("build", "context"), contrib("container"))
      expect(File.join(context, service.dig("build", "dockerfile"))).to eq(contrib("container/Containerfile"))
      expect(service["depends_on"].keys - compose["services"].keys).to eq([])
    end

    it "comes with a configuration that is valid, with the variables that it sets" do
      service = compose.dig("services", "mail_room")
      file, inside, mode = service["volumes"].first.split(":")
      expect([inside, mode]).to eq(["/etc/mail_room/config.yml", "ro"])
      environment = service["environment"].transform_values { |value| value || "secret: \"x\"" }
      script = 'require "mail_room"; puts MailRoom::Configuration.new(config_path: ARGV.first).mailboxes.first.to_native.to_json'
      out, status = Open3.capture2(environment, RbConfig.ruby, "-rjson", "-e", script, File.expand_path(file, contrib("container")))
      expect(status).to be_success
      expect(JSON.parse(out)).to include("password" => environment["IMAP_PASSWORD"], "host" => "imap.example.com",
                                         "delivery" => include("method" => "sidekiq"), "arbitration" => include("method" => "redis"))
      expect(out).to include("redis://redis:6379")
    end
  end

  describe "the Helm values" do
    it "put an image of ours in the place of the chart's, without root or privileges" do
      values = YAML.safe_load(File.read(contrib("helm/values.yaml")))
      expect([values.keys, values["gitlab"].keys]).to eq([["gitlab"], ["mailroom"]])
      mailroom = values.dig("gitlab", "mailroom")
      # The keys that the chart's mailroom knows.
      expect(mailroom.keys).to match_array(%w[image securityContext containerSecurityContext resources])
      expect(mailroom["securityContext"]).to include("runAsNonRoot" => true, "runAsUser" => be_positive, "fsGroup" => be_positive)
      expect(mailroom["containerSecurityContext"])
        .to include("allowPrivilegeEscalation" => false, "capabilities" => { "drop" => ["ALL"] },
                    "runAsUser" => mailroom.dig("securityContext", "runAsUser"))
    end
  end
end
