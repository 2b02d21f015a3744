# frozen_string_literal: true

require "json"

RSpec.describe MailRoom::HealthCheck do
  let(:port) { ServerProcess.free_port }
  let(:health_check) { described_class.new(address: "127.0.0.1", port: port) }

  after { health_check.quit }

  def get(path) = HealthClient.get(port, path, timeout: 10)

  # Runs a coordinator around the block.
  def running(coordinator)
    runner = Thread.new { coordinator.run }
    wait_until(10, "it to run") { coordinator.running? }
    yield
    coordinator.quit
    expect(runner.join(25)).to eq(runner)
  end

  describe ".new" do
    {
      {} => "No health check address specified",
      { port: 8080 } => "No health check address specified",
      { address: "", port: 8080 } => "No health check address specified",
      { address: "0.0.0.0" } => "Health check port 0 is invalid",
      { address: "0.0.0.0", port: nil } => "Health check port 0 is invalid",
      { address: "0.0.0.0", port: 0 } => "Health check port 0 is invalid",
      { address: "0.0.0.0", port: -1 } => "Health check port -1 is invalid",
      { address: "0.0.0.0", port: 65_536 } => "Health check port 65536 is invalid",
      { address: "0.0.0.0", port: "http" } => "Health check port 0 is invalid",
      { socket: "/s", port: 80 } => "No health check address specified",
      { address: "0.0.0.0", port: 80, metrics: "perhaps" } => "Field :metrics in health_check must be true or false, not text"
    }.each do |attributes, message|
      it "refuses #{attributes}" do
        expect { described_class.new(attributes) }.to raise_error(RuntimeError, message)
      end
    end

    it "takes what it is given, as symbols or as strings, and listens on nothing yet" do
      [{ address: "0.0.0.0", port: 8080 }, { "address" => "0.0.0.0", "port" => "8080" }].each do |given|
        made = described_class.new(given)
        expect([made.address, made.port, made.running]).to eq(["0.0.0.0", 8080, false])
        expect(made.to_h).to eq(address: "0.0.0.0", port: 8080)
      end
      expect(described_class.new(socket: "/s", status: false).to_h).to eq(socket: "/s", status: false)
    end

    it "suggests what an unknown option may have meant" do
      expect(MailRoom::Warnings).to receive(:once)
        .with([:unknown_option, "health_check", :adress], "unknown option :adress in health_check is ignored (did you mean :address?)")
      described_class.new(adress: "0.0.0.0", address: "0.0.0.0", port: 80)
    end
  end

  it "answers from run to quit, and again" do
    2.times do
      expect(health_check.run).to be_nil
      expect([health_check.running, get("/liveness"), get("/readiness")]).to eq([true, [200, "OK\n"], [503, "Not watching yet\n"]])
      expect([get("/").first, get("/status.json").first]).to eq([404, 200])
      health_check.quit
      expect(health_check.running).to be(false)
      expect { TCPSocket.new("127.0.0.1", port) }.to raise_error(Errno::ECONNREFUSED)
    end
  end

  it "looks a name up" do
    local = described_class.new(address: "localhost", port: port)
    local.run
    expect(get("/liveness")).to eq([200, "OK\n"])
  ensure
    local.quit
  end

  it "says what to do if it cannot listen there" do
    health_check.run
    expect { described_class.new(address: "127.0.0.1", port: port).run }
      .to raise_error(MailRoom::ConfigurationError, /cannot listen on address 127\.0\.0\.1, port #{port}: Address already in use.*; set /)
    expect { described_class.new(address: "nowhere.invalid", port: port).run }
      .to raise_error(MailRoom::ConfigurationError, /cannot listen on address nowhere\.invalid: .*; set address /)
    expect { described_class.new(socket: "/nonexistent/socket").run }
      .to raise_error(MailRoom::ConfigurationError, %r{cannot listen on the socket /nonexistent/socket: No such file.*; set socket })
  end

  it "answers while Ruby is busy" do
    health_check.run
    numbers = Array.new(500_000) { rand }
    busy = spawn(RbConfig.ruby, "-rnet/http", "-e", <<~RUBY, out: File::NULL)
      10.times { Net::HTTP.get_response(URI("http://127.0.0.1:#{port}/liveness")).code == "200" or exit 1 }
    RUBY
    began = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    status = nil
    until status
      # One call into C, during which no other thread of Ruby's runs.
      numbers.sort
      status = Process.wait2(busy, Process::WNOHANG)&.last
      raise "nobody answers" if Process.clock_gettime(Process::CLOCK_MONOTONIC) - began > 60
    end
    expect(status.exitstatus).to eq(0)
  end

  it "listens on a Unix socket" do
    Dir.mktmpdir do |dir|
      path = File.join(dir, "health")
      local = described_class.new(socket: path)
      local.run
      socket = UNIXSocket.new(path)
      socket.write("GET /liveness HTTP/1.1\r\nHost: x\r\n\r\n")
      expect(socket.read).to start_with("HTTP/1.1 200 OK\r\n").and end_with("\r\n\r\nOK\n")
      expect(File.stat(path).mode & 0o777).to eq(0o660)
      local.quit
      expect(File.exist?(path)).to be(false)
    end
  end

  it "is left alone by a forked child, which may listen itself" do
    health_check.run
    other = ServerProcess.free_port
    child = fork do
      health_check.quit
      own = described_class.new(address: "127.0.0.1", port: other)
      own.run
      exit!(HealthClient.get(other, "/liveness", timeout: 10) == [200, "OK\n"] ? 0 : 1)
    end
    expect(Process.wait2(child).last.exitstatus).to eq(0)
    expect(get("/liveness")).to eq([200, "OK\n"])
  end

  describe "of a coordinator" do
    it "runs as long as it does, and answers about its mailboxes", :servers do
      user = dovecot.new_user
      coordinator = MailRoom::Coordinator.new([MailRoom::Mailbox.new(mailbox(user))], health_check)
      expect(coordinator.health_check).to be(health_check)
      dovecot.append(user, Mails.plain(1))
      running(coordinator) do
        wait_until(20, "the mailbox to idle") { get("/readiness") == [200, "OK\n"] && coordinator.progress.delivered == 1 }
        expect(get("/liveness")).to eq([200, "OK\n"])
        shown = JSON.parse(get("/status.json").last)
        expect(shown).to include("ok" => true, "alive" => true, "version" => MailRoom::VERSION)
        expect(shown["mailboxes"].map { |box| box.values_at("email", "mailbox", "delivered", "connects") }).to eq([[user, "INBOX", 1, 1]])
        expect(coordinator.progress.mailboxes.first.to_h).to include(connects: 1, disconnects: 0, target_down: false, last_hour: 1)
      end
      expect(health_check.running).to be(false)
    end

    it "shows nothing of a mail that the app's own class quotes in its errors", :servers do
      user = dovecot.new_user
      quoting = Class.new do
        const_set(:Options, Struct.new(:mailbox))
        def initialize(_options) = nil
        def deliver(raw) = raise(ArgumentError, "cannot read #{raw}")
      end
      box = mailbox(user, delivery_klass: quoting, delivery_options: {}, arbitration_method: "noop", logger: { log_path: File::NULL })
      coordinator = MailRoom::Coordinator.new([MailRoom::Mailbox.new(box)], health_check)
      3.times { |number| dovecot.append(user, Mails.plain(number)) }
      running(coordinator) do
        wait_until(20, "a pause") { coordinator.progress.mailboxes.first.state == "paused" }
        expect(coordinator.progress.mailboxes.first.trouble).to end_with("no failure counts; the log has the errors")
        %w[/readiness /metrics /status /status.json].each { |path| expect(get(path).last).not_to match(/jane@|mail 0|cannot read/i) }
      end
    end

    it "may be an object of the app's own, or nil" do
      own = Class.new do
        def calls = @calls ||= []
        def run = calls << :run
        def quit = calls << :quit
      end.new
      [own, nil].each { |given| running(MailRoom::Coordinator.new([], given)) { nil } }
      expect(own.calls).to eq(%i[run quit])
      MailRoom::Coordinator.new([], own).quit
      expect(own.calls).to eq(%i[run quit quit])
    end

    it "ends with it if the watching fails, or is not begun" do
      coordinator = MailRoom::Coordinator.new([], health_check)
      expect { coordinator.run(once: true, give_up_after: -1) }.to raise_error(MailRoom::ConfigurationError)
      expect(health_check.running).to be(false)
      taken = TCPServer.new("127.0.0.1", port)
      expect { coordinator.run }.to raise_error(MailRoom::ConfigurationError, /Address already in use/)
      expect(coordinator.running?).to be(false)
    ensure
      taken&.close
    end
  end

  describe "in a configuration" do
    around { |example| Dir.mktmpdir { |dir| Dir.chdir(dir) { example.run } } }

    def configuration(health_check)
      File.write("config.yml", YAML.dump({ mailboxes: [], health_check: health_check }.compact))
      MailRoom::Configuration.new(config_path: "config.yml")
    end

    it "is one of these, or nil" do
      [{ address: "0.0.0.0", port: 8080 }, { "address" => "0.0.0.0", "port" => "8080" }].each do |given|
        expect(configuration(given).health_check).to be_a(described_class).and have_attributes(address: "0.0.0.0", port: 8080)
      end
      expect(configuration(nil).health_check).to be_nil
      expect(MailRoom::Configuration.new.health_check).to be_nil
    end

    it "is refused in one line that names the file" do
      { [{ address: "0.0.0.0", port: 80 }] => "it is a list, not a mapping of options", {} => "No health check address specified",
        { address: "0.0.0.0", port: 0 } => "Health check port 0 is invalid" }.each do |given, message|
        expect { configuration(given) }.to raise_error(MailRoom::ConfigurationError, "config.yml, health_check: #{message}")
      end
    end
  end
end
