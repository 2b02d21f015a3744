# frozen_string_literal: true

require "open3"
require "tempfile"
require "tmpdir"

RSpec.describe MailRoom::CLI do
  let(:executable) { File.expand_path("../../exe/mail_room", __dir__) }

  def run(*arguments)
    Open3.capture3(RbConfig.ruby, executable, *arguments, chdir: "/", stdin_data: "")
  end

  it "prints version and help" do
    out, _err, status = run("--version")
    platform = RbConfig::CONFIG["host_cpu"]
    expect([out, status.exitstatus])
      .to match([/\Amail_room #{Regexp.escape(MailRoom::VERSION)} \(#{platform}-\S+, commit (\h{12}|unknown)\)\n\z/, 0])
    out, _err, status = run("-?")
    expect([out, status.exitstatus]).to match([include("--config", "--quiet", "--log-exit-as"), 0])
  end

  it "writes a fatal error as one line of JSON when asked to, with every spelling of it" do
    [%w[--log-exit-as json], %w[--log-exit-as]].each do |asked|
      out, err, status = run("-c", "/nonexistent.yml", *asked)
      expect(JSON.parse(out)).to include("severity" => "fatal", "message" => /nonexistent/, "backtrace" => be_an(Array),
                                         "time" => /\A\d{4}-\d\d-\d\dT[\d:]+\.\d{3}Z\z/)
      expect([out.lines.size, err, status.exitstatus]).to eq([1, "", 1])
    end
  end

  it "writes it as a gitlab.rb says, unless the command line says otherwise" do
    Dir.mktmpdir do |dir|
      File.write("#{dir}/gitlab.rb", "mailroom['exit_log_format'] = 'json'\n")
      out, err, status = run("--gitlab-rb", "#{dir}/gitlab.rb")
      expect(JSON.parse(out)).to include("severity" => "fatal", "message" => /no mailbox is enabled/)
      expect([err, status.exitstatus]).to eq(["", 1])
      out, err, status = run("--gitlab-rb", "#{dir}/gitlab.rb", "--log-exit-as", "plain")
      expect(err).to include("no mailbox is enabled", "MailRoom::ConfigurationError")
      expect([out, status.exitstatus]).to eq(["", 1])
    end
  end

  it "raises a fatal error otherwise" do
    out, err, status = run("-c", "/nonexistent.yml", "--log-exit-as", "plain")
    expect(out).to eq("")
    expect(err).to include("cannot read the configuration file", "MailRoom::ConfigurationError")
    expect(status.exitstatus).to eq(1)
  end

  describe "what the user has to change" do
    around { |example| Dir.mktmpdir { |dir| Dir.chdir(dir) { example.run } } }

    let(:mailbox) { ":email: in@example.com\n    :password: hidden\n    :name: inbox\n    :delivery_method: noop\n" }

    # The one line that is said about a configuration.
    def complaint(text, *arguments)
      File.write("config.yml", text)
      out, err, status = Open3.capture3(RbConfig.ruby, executable, "-c", "config.yml", *arguments, stdin_data: "")
      expect([out, err.lines.size, status.exitstatus]).to eq(["", 1, 1]), "said: #{err}"
      expect(err).not_to include("hidden")
      err.chomp
    end

    def one_mailbox(extra = "") = ":mailboxes:\n  - #{mailbox}#{extra}"

    {
      ":host: null" => /\Amail_room: config\.yml, mailbox 1: Field :host is required in Mailbox \(name "inbox", email ".*"\)\z/,
      ":port: imap" => /Field :port in Mailbox .* must be a whole number, not text\z/,
      ":idle_timeout: 1741" => /Field :idle_timeout .* must be at most 1740 seconds, not 1741\z/,
      ":search_command: RECENT" => /Field :search_command .* contains RECENT, which /,
      ":ssl: {verify_mode: hidden}" => /Field :verify_mode .* must be one of none, peer/,
      ":ssl: {ciphers: hidden}" => /Field :ciphers .* is not supported/,
      ":delivery_method: sidekick" => /did you mean :sidekiq\?/,
      ":delivery_method: postback" => /:delivery_url in Mailbox .* is required/,
      ":inbox_method: microsoft_graph" => /Field :tenant_id in inbox_options of Mailbox \(name "inbox", email ".*"\) is required\z/,
      ":delivery_options: [hidden]" => /Field :delivery_options .* must be a mapping of options, not a list/,
      ":arbitration_method: redis\n    :arbitration_options: {redis_url: \"http://:hidden@h\"}" => /Field :redis_url/,
      ":password: *hidden" => /config\.yml is not understood: an alias/,
      ":password: \"hidden" => /config\.yml is not YAML: .* line \d+, column \d+\z/,
      ":port: <%= Integer('x') %>" => /\Amail_room: config\.yml:6: the ERB template failed: ArgumentError$/
    }.each do |extra, message|
      it "is said in one line for #{extra}" do
        expect(complaint(one_mailbox("    #{extra}\n"))).to match(message)
      end
    end

    it "is said in one line for a configuration without mailboxes" do
      expect(complaint(":mailboxes:\n")).to eq("mail_room: config.yml has no list of mailboxes: add :mailboxes:")
      expect(complaint("mailboxes: 7")).to match(/has no list of mailboxes: :mailboxes: is a number/)
      expect(complaint(":mailboxes: [7]")).to match(/mailbox 1: it is a number .*, not a mapping of options/)
    end

    it "is said in one line when the log cannot be written" do
      expect(complaint(one_mailbox("    :logger:\n      :log_path: /nonexistent/x.log\n"))).to include("/nonexistent/x.log")
    end

    it "is said in one line when there is no configuration" do
      out, err, status = run
      expect([out, status.exitstatus]).to eq(["", 1])
      expect(err).to eq("mail_room: no configuration file was given: use -c FILE (see mail_room --help)\n")
    end

    it "is one line of JSON, too, when asked for" do
      File.write("config.yml", one_mailbox("    :host: null\n"))
      out, err, status = Open3.capture3(RbConfig.ruby, executable, "--log-exit-as", "json", "-c", "config.yml", stdin_data: "")
      expect([out.lines.size, err, status.exitstatus]).to eq([1, "", 1])
      expect(JSON.parse(out)["message"]).to include("Field :host is required in Mailbox")
    end

    it "is a warning once for each key, with the nearest known one" do
      text = one_mailbox("    :host: null\n    :prot: 1\n    :search_comand: hidden\n")
      File.write("config.yml", text)
      _out, err, _status = Open3.capture3(RbConfig.ruby, executable, "-c", "config.yml", stdin_data: "")
      expect(err.lines.first(2)).to contain_exactly(
        "mail_room: warning: unknown option :prot in a mailbox is ignored (did you mean :port?)\n",
        "mail_room: warning: unknown option :search_comand in a mailbox is ignored (did you mean :search_command?)\n"
      )
    end

    it "is a warning once a process about namespaces" do
      redis = ":arbitration_method: redis\n    :arbitration_options: {namespace: a}\n"
      File.write("config.yml", "#{one_mailbox("    #{redis}")}  - #{mailbox}    #{redis}    :host: null\n")
      _out, err, _status = Open3.capture3(RbConfig.ruby, executable, "-c", "config.yml", stdin_data: "")
      expect(err.scan("Redis namespaces are deprecated").size).to eq(1)
    end
  end

  it "runs with --quiet without a configuration file" do
    [["-q", "-c", "/nonexistent.yml"], ["-q"]].each do |arguments|
      process = ServerProcess.new([RbConfig.ruby, executable, *arguments], out: out = Tempfile.new.path).start
      wait_until(20, "the title") { File.read("/proc/#{process.pid}/cmdline").start_with?("mail_room -q") }
      process.signal("TERM")
      expect([process.wait(10).exitstatus, File.read(out)]).to eq([0, ""])
    end
  end

  it "works from any directory, also through a link" do
    Dir.mktmpdir do |dir|
      File.symlink(executable, link = File.join(dir, "mail_room"))
      out, err, status = Open3.capture3(RbConfig.ruby, link, "--version", chdir: dir)
      expect([out, err, status.exitstatus]).to match([/\Amail_room #{Regexp.escape(MailRoom::VERSION)} /, "", 0])
    end
  end

  it "reopens its logs on HUP" do
    process = mail_room({ email: "a@example.com", password: "x", name: "inbox", host: "127.0.0.1", port: 1, delivery_method: "noop" })
    process.await_log("Disconnected. Resetting...")
    log = File.join(process.dir, "mail_room.log")
    File.rename(log, "#{log}.1")
    process.signal("HUP")
    wait_until(20, "a line in the new file") { File.size?(log) }
    expect(process.log.first).to include("severity", "context" => { "email" => "a@example.com", "name" => "inbox" })
    expect(process.term.exitstatus).to eq(0)
  end

  describe "used from Ruby" do
    let(:config) { Tempfile.new("config.yml").tap { |file| file.write(":mailboxes: []") && file.flush } }
    let(:cli) { described_class.new(["-c", config.path]) }

    after { config.close! }

    it "has what hosts ask for" do
      expect(cli).to have_attributes(configuration: be_a(MailRoom::Configuration), coordinator: be_a(MailRoom::Coordinator),
                                     options: { config_path: config.path })
      expect(described_class.new([]).configuration.mailboxes).to eq([])
    end

    it "raises what is wrong" do
      expect { described_class.new(["-c", "/nonexistent.yml"]) }.to raise_error(MailRoom::ConfigurationError)
      expect { described_class.new(["--nope"]) }.to raise_error(OptionParser::InvalidOption)
      cli.coordinator.watchers = [MailRoom::MailboxWatcher.new(nil)]
      expect { cli.start }.to raise_error(NoMethodError)
    end

    it "writes a fatal error as JSON and exits with status 1 when asked to" do
      cli.options[:exit_error_format] = "json"
      cli.coordinator.watchers = [MailRoom::MailboxWatcher.new(nil)]
      expect { expect { cli.start }.to raise_error(SystemExit) { |exit| expect(exit.status).to eq(1) } }
        .to output(/\A\{"time":.*"severity":"fatal".*\}\n\z/).to_stdout
    end

    it "puts the signal handlers back that were there" do
      before = %w[INT TERM HUP].to_h { |signal| [signal, trap(signal, handler = proc {}) && handler] }
      runner = Thread.new { cli.start }
      wait_until(10, "it to run") { cli.coordinator.running? }
      Process.kill("TERM", Process.pid)
      expect(runner.join(25)).to eq(runner)
      expect(before.keys.to_h { |signal| [signal, trap(signal, "DEFAULT")] }).to eq(before)
    ensure
      before&.each_key { |signal| trap(signal, "DEFAULT") }
    end
  end

  it "refuses options it does not know in one line" do
    _out, err, status = run("--log-exit-as", "xml")
    expect([err.lines.size, status.exitstatus]).to eq([1, 2])
    _out, err, status = run("--frobnicate")
    expect([err, status.exitstatus]).to match([/frobnicate/, 2])
  end

  %w[TERM INT].each do |signal|
    it "ends with status 0 and says nothing on #{signal}, and is found by its title" do
      process = MailRoomProcess.new([], "--log-exit-as", "json").start
      wait_until(20, "the title") { File.read("/proc/#{process.pid}/cmdline").start_with?("mail_room -c") }
      process.signal(signal)
      expect(process.wait(5).exitstatus).to eq(0)
      expect(process.everything_said).to eq("")
    ensure
      process&.remove
    end
  end
end
