# frozen_string_literal: true

RSpec.describe "below a service manager", :servers do
  let(:user) { dovecot.new_user }
  let(:manager) { @manager = NotifySocket.new }

  after { @manager&.remove }

  def environment(watchdog: nil) = { "NOTIFY_SOCKET" => manager.address, "WATCHDOG_USEC" => watchdog&.to_s }.compact

  def expect_status(expected)
    last = -> { manager.told("STATUS").last }
    wait_until(20, -> { "#{expected.inspect}, not #{last.call.inspect}" }) { last.call&.match?(expected) }
  end

  it "tells that it is ready, how it is, that it is alive, and that it ends" do
    process = mail_room(mailbox(user), mailbox(dovecot.new_user), env: environment(watchdog: 400_000))
    wait_until(20, "it to be ready") { manager.told("READY") == ["1"] }
    expect_status(/\A2 mailboxes idle, 0 delivered\z/)
    3.times { |number| dovecot.append(user, Mails.plain(number)) }
    expect_status(/\A2 mailboxes idle, 3 delivered\z/)

    signs = manager.told("WATCHDOG").size
    wait_until(10, "more signs of life") { manager.told("WATCHDOG").size >= signs + 5 }
    pauses = manager.times("WATCHDOG").each_cons(2).map { |one, other| other - one }
    expect(pauses.sum / pauses.size).to be_between(0.1, 0.4)

    expect(process.term.exitstatus).to eq(0)
    expect(manager.told("STOPPING")).to eq(["1"])
    expect(manager.told("READY")).to eq(["1"])
    expect(process.everything_said).not_to include("NOTIFY_SOCKET")
  end

  it "tells that it reopens its log files, and that it is ready again" do
    process = mail_room(mailbox(user), env: environment)
    wait_until(20, "it to be ready") { manager.told("READY") == ["1"] }
    before = Process.clock_gettime(Process::CLOCK_MONOTONIC, :microsecond)
    process.signal("HUP")
    wait_until(20, "it to be ready again") { manager.told("READY") == %w[1 1] }
    expect(manager.told("RELOADING")).to eq(["1"])
    after = Process.clock_gettime(Process::CLOCK_MONOTONIC, :microsecond)
    expect(manager.told("MONOTONIC_USEC").map(&:to_i)).to match([be_between(before, after)])
    expect(manager.said.map(&:first).grep(/READY|RELOADING/)).to eq(%w[READY RELOADING READY])
  end

  it "gives no sign of life where none is wanted, nor to somebody else's watchdog, at an abstract address" do
    @manager = NotifySocket.new(abstract: true)
    process = mail_room(mailbox(user), env: environment(watchdog: 100_000).merge("WATCHDOG_PID" => "1"))
    expect_status(/1 mailbox idle/)
    expect(process.term.exitstatus).to eq(0)
    expect(manager.told("STOPPING")).to eq(["1"])
    expect(manager.told("WATCHDOG")).to be_empty
  end

  it "is ready when every mailbox had its first attempt, and says which is in trouble" do
    port = ServerProcess.free_port
    proxy = TcpProxy.new(dovecot.port).start
    proxy.hold
    process = mail_room(mailbox(user, port: proxy.port), mailbox(user, port: port), env: environment)
    process.await_log("Disconnected. Resetting...")
    expect_status(/\A1 mailbox connecting, 1 mailbox in trouble \(127\.0\.0\.1:#{port}: cannot connect/)
    expect(manager.told("READY")).to be_empty
    proxy.release
    wait_until(20, "it to be ready") { manager.told("READY") == ["1"] }
    expect_status(/\A1 mailbox idle, 1 mailbox in trouble/)
  ensure
    proxy&.remove
  end

  it "is ready without a mailbox" do
    mail_room(env: environment)
    wait_until(20, "it to be ready") { manager.told("READY") == ["1"] }
    expect_status(/\Ano mailboxes, 0 delivered\z/)
  end

  it "keeps the manager to itself" do
    folder = Dir.mktmpdir
    auth = { token_command: ["sh", "-c", "env >#{folder}/new; mv #{folder}/new #{folder}/env; false"] }
    mail_room(mailbox(user, auth: auth), env: environment(watchdog: 400_000))
    wait_until(20, "the program") { File.exist?("#{folder}/env") }
    expect(File.read("#{folder}/env")).to include("PATH=")
    expect(File.read("#{folder}/env")).not_to match(/NOTIFY_SOCKET|WATCHDOG/)
  ensure
    FileUtils.remove_entry(folder)
  end

  it "goes on when nobody listens there, or the address is nonsense" do
    %w[/nonexistent/notify @nobody vsock:2:1].each do |address|
      process = mail_room(mailbox(user), env: { "NOTIFY_SOCKET" => address, "WATCHDOG_USEC" => "nonsense" })
      process.await_log("Idling")
      expect(process.term.exitstatus).to eq(0)
    end
  end

  it "tells nothing of a host that watches mailboxes" do
    before = ENV.to_h.slice("NOTIFY_SOCKET")
    ENV["NOTIFY_SOCKET"] = manager.address
    coordinator = MailRoom::Coordinator.new([MailRoom::Mailbox.new(mailbox(user))])
    dovecot.append(user, Mails.plain(1))
    expect(coordinator.run(once: true)).to be_success
    expect(manager.said).to be_empty
  ensure
    ENV.delete("NOTIFY_SOCKET")
    ENV.update(before)
  end

  it "writes no file but its log" do
    process = mail_room(mailbox(user))
    process.await_log("Idling")
    written = Dir.children("/proc/#{process.pid}/fd").filter_map do |descriptor|
      mode = File.read("/proc/#{process.pid}/fdinfo/#{descriptor}")[/^flags:\s+(\d+)/, 1].to_i(8) & (File::WRONLY | File::RDWR)
      target = File.readlink("/proc/#{process.pid}/fd/#{descriptor}")
      target if mode != File::RDONLY && target.start_with?("/") && !target.start_with?("/dev/")
    rescue Errno::ENOENT
      nil
    end
    expect(written.map { |file| File.basename(file) }.uniq).to match_array(%w[mail_room.log out err])
  end
end
