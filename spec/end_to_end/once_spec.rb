# frozen_string_literal: true

require "io/console"
require "open3"
require "pty"

RSpec.describe "mail_room --once", :servers do
  let(:user) { dovecot.new_user }

  def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)

  def jobs = redis.call("LLEN", "queue:mails")

  def fill(count, name = user)
    Array.new(count) { |number| Mails.plain(number).b }.each { |mail| dovecot.append(name, mail) }
  end

  def once(*mailboxes, arguments: [])
    (@mail_rooms ||= []) << MailRoomProcess.new(mailboxes, "--once", *arguments)
    @mail_rooms.last.start
  end

  def posting(server, **rest)
    mailbox(user, delivery_method: "postback", delivery_options: { delivery_url: server.url }, arbitration_method: "noop", **rest)
  end

  it "works through every mailbox, sums up and exits with 0" do
    other = dovecot.new_user
    mails = fill(300) + fill(20, other)
    process = once(mailbox(user, delete_after_delivery: true, expunge_deleted: true), mailbox(other))
    expect(process.wait(40).exitstatus).to eq(0)
    expect(delivered.tally).to eq(mails.tally)
    expect([dovecot.uids(user), dovecot.uids(other, "UNSEEN")]).to eq([[], []])
    expect(process.stdout).to match(/\Amail_room: 320 delivered, 0 set aside, 0 left \(\d+\.\d s\)\n\z/)
    expect(process.stderr).to eq("")
    expect(process.log.last(4).map { |line| line["action"] }).to include("Quitting connection...", "Watcher stopped")
  end

  it "has nothing to do in an empty mailbox, and without any" do
    process = once(mailbox(user))
    expect(process.wait(20).exitstatus).to eq(0)
    out, err, status = Open3.capture3(RbConfig.ruby, MailRoomProcess::EXECUTABLE, "-q", "--once")
    expect([out, err, status.exitstatus]).to match([/\Amail_room: 0 delivered, 0 set aside, 0 left/, "", 0])
  end

  it "shows a bar on a terminal" do
    leave = Queue.new
    server = HttpServer.new { leave.pop && [204, {}, ""] }.start
    fill(10)
    process = MailRoomProcess.new([posting(server)])
    config = File.join(process.dir, "mail_room.yml")
    PTY.spawn({ "COLUMNS" => nil }, RbConfig.ruby, MailRoomProcess::EXECUTABLE, "--once", "-c", config) do |output, _input, pid|
      output.winsize = [24, 100]
      said = +""
      reading = Thread.new { loop { said << output.readpartial(4096) } rescue nil } # rubocop:disable Style/RescueModifier -- ends with EIO
      wait_until(20, -> { "what there is: #{said}" }) { said.include?("0/10 messages") }
      5.times { leave << true }
      wait_until(20, -> { "the half: #{said}" }) { said.match?(%r{\[#{"#" * 20}#{" " * 20}\] 5/10 messages, \d+/s, ETA 0:\d\d}) }
      5.times { leave << true }
      reading.join(20)
      expect(Process.wait2(pid).last.exitstatus).to eq(0)
      expect(said).to match(%r{\[#{"#" * 40}\] 10/10 messages, \d+/s, ETA 0:00\e\[K\r\nmail_room: 10 delivered, 0 set aside, 0 left})
      expect(said.split("\r").map { |line| line.delete_suffix("\e[K").size }).to all(be < 100)
    end
  ensure
    process&.remove
    server&.stop
  end

  it "tries what fails again until it gets through" do
    answers = [500, 500, 500, 204]
    server = HttpServer.new { |request| [request.body.include?("Mail 1\r\n") ? answers.shift : 204, {}, ""] }.start
    fill(3)
    process = once(posting(server))
    expect(process.wait(40).exitstatus).to eq(0)
    expect(process.stdout).to include("3 delivered, 0 set aside, 0 left")
    expect(server.accepted.size).to eq(3)
  ensure
    server&.stop
  end

  it "exits with 1 when something was set aside" do
    server = HttpServer.new { |request| [request.body.include?("Mail 1\r\n") ? 422 : 204, {}, ""] }.start
    fill(3)
    process = once(posting(server, max_delivery_attempts: 2))
    expect(process.wait(40).exitstatus).to eq(1)
    expect(process.stdout).to include("2 delivered, 1 set aside, 0 left")
    expect(dovecot.uids(user, "FLAGGED").size).to eq(1)
  ensure
    server&.stop
  end

  it "gives up a server that cannot be reached, exits with 1, and works through the other mailbox" do
    fill(3)
    gone = mailbox(dovecot.new_user, port: ServerProcess.free_port)
    process = once(gone, mailbox(user), arguments: %w[--give-up-after 5])
    expect(process.wait(20).exitstatus).to eq(1)
    expect(jobs).to eq(3)
    expect(process.stderr).to match(/\Amail_room: Mailbox \(name "INBOX", email "#{gone[:email]}"\) was not worked through: there was no progress for 5 s; 127\.0\.0\.1:#{gone[:port]}: cannot connect.*\n\z/) # rubocop:disable Layout/LineLength
    expect(process.stdout).to include("3 delivered, 0 set aside, 0 left")
    expect(process.log.select { |line| line["action"] == "Giving up" }.map { |line| line["severity"] }).to eq(["ERROR"])
  end

  it "gives up a server that says nothing" do
    silent = TCPServer.new("127.0.0.1", 0)
    process = once(mailbox(user, port: silent.addr[1]), arguments: %w[--give-up-after 1])
    expect(process.wait(20).exitstatus).to eq(1)
    expect(process.stderr).to include("there was no progress for 1 s; it was still connecting")
  ensure
    silent&.close
  end

  it "does not ask again where the login is refused" do
    began = now
    process = once(mailbox(user, password: "wr0ng-pass"))
    expect(process.wait(20).exitstatus).to eq(1)
    expect(now - began).to be < 15
    expect(process.stderr).to match(/was not worked through: .*check email and password/)
    expect(process.log.count { |line| line["action"] == "Logging into mailbox" }).to eq(1)
    expect(process.everything_said).not_to include("wr0ng-pass")
  end

  it "gives up a message that fails time and again when no other shows whose fault it is" do
    server = HttpServer.new { [500, {}, ""] }.start
    fill(1)
    process = once(posting(server), arguments: %w[--give-up-after 6])
    expect(process.wait(20).exitstatus).to eq(1)
    expect(server.requests.size).to be_between(2, 4)
    expect(process.stdout).to include("0 delivered, 0 set aside, 1 left")
    expect(process.stderr).to include("there was no progress for 6 s; what is left (1) is under way, waits for its next try")
    expect(dovecot.uids(user, "UNSEEN").size).to eq(1)
  ensure
    server&.stop
  end

  it "gives up a target that stays down, and leaves the mails unread" do
    fill(5)
    port = ServerProcess.free_port
    process = once(mailbox(user, delivery_options: { redis_url: "redis://127.0.0.1:#{port}", worker: "W", queue: "mails" },
                                 arbitration_method: "noop"), arguments: %w[--give-up-after 5])
    expect(process.wait(40).exitstatus).to eq(1)
    expect(process.stderr).to match(/there was no progress for 5 s; .*127\.0\.0\.1:#{port}/)
    expect(process.stdout).to include("0 delivered, 0 set aside, 5 left")
    expect(dovecot.uids(user, "UNSEEN").size).to eq(5)
  end

  it "waits for what another process has claimed, but not for ever" do
    fill(2)
    redis.call("SET", "delivered:1", "1", "EX", "600")
    process = once(mailbox(user), arguments: %w[--give-up-after 5])
    expect(process.wait(20).exitstatus).to eq(1)
    expect(process.stdout).to include("1 delivered, 0 set aside, 1 left")
    expect(process.stderr).to include("what is left (1) is under way, waits for its next try, or is claimed by another process")

    process = once(mailbox(user))
    process.await_log("Idling")
    dovecot.imap(user) { |client| client.store([1], "+FLAGS", [:Seen]) }
    expect(process.wait(20).exitstatus).to eq(0)
    expect(process.stdout).to include("0 delivered, 0 set aside, 0 left")
  end

  it "ends with 1 on TERM" do
    process = once(mailbox(user, port: ServerProcess.free_port))
    process.await_log("Disconnected. Resetting...")
    expect(process.term(5).exitstatus).to eq(1)
    expect(process.stderr).to include("was not worked through: it was stopped")
  end

  it "is there from Ruby, also with a class of the app's own" do
    fill(3)
    took = []
    delivery = Class.new do
      const_set(:Options, Struct.new(:mailbox))
      define_method(:initialize) { |_options| nil }
      define_method(:deliver) { |raw| took << raw }
    end
    coordinator = MailRoom::Coordinator.new([MailRoom::Mailbox.new(mailbox(user, delivery_klass: delivery))])
    progress = coordinator.run(once: true)
    expect([progress.success?, progress.delivered, progress.left, took.size]).to eq([true, 3, 0, 3])
    expect(progress.mailboxes.first).to have_attributes(state: "finished", title: /#{user}/, trouble: nil)
    expect(coordinator).not_to be_running
  end

  it "refuses nonsense in one line" do
    ["0", "-1", "soon", "999999"].each do |seconds|
      _out, err, status = Open3.capture3(RbConfig.ruby, MailRoomProcess::EXECUTABLE, "-q", "--once", "--give-up-after", seconds)
      expect([err.lines.size, status.exitstatus]).to eq([1, 2]), err
    end
  end
end
