# frozen_string_literal: true

RSpec.describe MailRoom::Coordinator, :servers do
  let(:user) { dovecot.new_user }
  let(:coordinator) { described_class.new([MailRoom::Mailbox.new(mailbox(user))]) }

  def jobs = redis.call("LLEN", "queue:mails")

  it "delivers beside other Ruby threads, which go on, until it is told to quit" do
    500.times { |number| dovecot.append(user, Mails.plain(number)) }
    ticks = 0
    counter = Thread.new { loop { (ticks += 1) && Thread.pass } }
    runner = Thread.new { coordinator.run }
    wait_until(30, "500 jobs") { jobs == 500 }
    before = ticks
    wait_until(5, "the counter to go on") { ticks > before + 1_000 }
    expect(coordinator).to be_running
    coordinator.quit
    expect(runner.join(25)&.value).to be_nil
    expect(coordinator).not_to be_running
  ensure
    counter&.kill
  end

  it "ends when running is set to false" do
    runner = Thread.new { coordinator.run }
    wait_until(10, "it to run") { coordinator.running? }
    coordinator.running = false
    expect(runner.join(25)).to eq(runner)
  end

  it "ends when its thread is killed, and when something is raised in it" do
    runner = Thread.new { coordinator.run }
    wait_until(10, "it to run") { coordinator.running? }
    runner.kill
    expect(runner.join(25)).to eq(runner)

    runner = Thread.new { described_class.new([MailRoom::Mailbox.new(mailbox(user))]).run }
    runner.report_on_exception = false
    wait_until(10, "it to wait") { runner.status == "sleep" }
    runner.raise(IOError, "interrupted")
    expect { runner.join(25) }.to raise_error(IOError, "interrupted")
  end

  it "waits to be told to quit without any mailbox, too" do
    coordinator = described_class.new([])
    runner = Thread.new { coordinator.run }
    wait_until(10, "it to run") { coordinator.running? }
    coordinator.quit
    expect(runner.join(25)).to eq(runner)
  end

  it "does not begin when it was told to quit before, and begins the next time" do
    coordinator.quit
    expect(coordinator.run).to be_nil
    runner = Thread.new { coordinator.run }
    wait_until(10, "it to run") { coordinator.running? }
    expect(coordinator.watchers).to all(be_running)
    coordinator.quit
    expect(runner.join(25)).to eq(runner)
    expect(coordinator.watchers.any?(&:running?)).to be(false)
  end

  it "can be told to quit many times, and in a signal handler" do
    before = trap("USR1") { coordinator.quit }
    runner = Thread.new { coordinator.run }
    wait_until(10, "it to run") { coordinator.running? }
    3.times { Process.kill("USR1", Process.pid) }
    expect(runner.join(25)).to eq(runner)
  ensure
    trap("USR1", before || "DEFAULT")
  end

  it "shows no secret" do
    expect(coordinator.inspect).not_to include(dovecot.password)
  end

  it "leaves no thread behind" do
    before = Dir.children("/proc/self/task").size
    runner = Thread.new { coordinator.run }
    wait_until(10, "it to run") { coordinator.running? }
    coordinator.quit
    runner.join(25)
    wait_until(10, "its threads to end") { Dir.children("/proc/self/task").size <= before + 1 }
  end

  it "runs in a forked child, too" do
    dovecot.append(user, Mails.plain(1))
    runner = Thread.new { coordinator.run }
    wait_until(20, "a job") { jobs == 1 }
    other = dovecot.new_user
    dovecot.append(other, Mails.plain(2))
    child = fork do
      inner = described_class.new([MailRoom::Mailbox.new(mailbox(other))])
      Thread.new { inner.run }
      WaitUntil.wait_until(20, "a job") { redis.connect.call("LLEN", "queue:mails") == 2 }
      inner.quit
      exit!(0)
    end
    expect(Process.wait2(child).last.exitstatus).to eq(0)
    dovecot.append(user, Mails.plain(3))
    wait_until(20, "the parent to go on") { jobs == 3 }
  ensure
    coordinator.quit
    runner&.join(25)
  end

  it "watches a single mailbox in a thread of its own" do
    watcher = MailRoom::MailboxWatcher.new(MailRoom::Mailbox.new(mailbox(user)))
    watcher.run
    expect(watcher).to be_running
    dovecot.append(user, Mails.plain(1))
    wait_until(20, "a job") { jobs == 1 }
    watcher.quit
    expect(watcher).not_to be_running
  end
end
