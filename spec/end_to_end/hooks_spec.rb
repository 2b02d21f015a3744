# frozen_string_literal: true

require "logger"
require "stringio"
require "timeout"

# The app's own Ruby code: as a delivery, as an arbiter, as a logger.
RSpec.describe "code of the app's own", :servers do
  let(:user) { dovecot.new_user }

  # A class with the contract of a delivery, whose work is the block; what it took is in .taken.
  def delivery_class(name = "AppDelivery", &work)
    klass = Class.new do
      class << self
        attr_accessor :taken, :work, :threads, :options
      end
      def initialize(options) = self.class.options << options

      def deliver(raw)
        self.class.threads << Thread.current
        (self.class.work ? self.class.work.call(raw) : true).tap { |verdict| self.class.taken << raw if verdict }
      end
    end
    klass.const_set(:Options, Struct.new(:mailbox))
    klass.taken = Queue.new
    klass.threads = Queue.new
    klass.options = []
    klass.work = work
    stub_const(name, klass)
  end

  def all(queue) = Array.new(queue.size) { queue.pop }

  # The log lines of each mailbox are in #log.
  def run(*mailboxes)
    @log = StringIO.new
    mailboxes = mailboxes.map { |options| MailRoom::Mailbox.new({ logger: { log_path: @log } }.merge(options)) }
    @coordinator = MailRoom::Coordinator.new(mailboxes)
    @runner = Thread.new { @coordinator.run }
    @runner.report_on_exception = false
    @coordinator
  end

  def log = @log.string.lines.map { |line| JSON.parse(line) }

  def await_log(action, deadline = 20)
    wait_until(deadline, -> { "#{action} in #{@log.string[-2000..] || @log.string}" }) { log.find { |line| line["action"] == action } }
  end

  def await(queue, count, deadline = 20)
    wait_until(deadline, -> { "#{count} messages, not #{queue.size}: #{@log.string[-3000..] || @log.string}" }) { queue.size >= count }
  end

  def unseen = dovecot.uids(user, "UNSEEN")

  after do
    @coordinator&.quit
    @runner&.join(30)
  rescue StandardError, SystemExit
    nil
  end

  def hooked(klass, name = user, **rest)
    mailbox(name, arbitration_method: "noop", arbitration_options: {}, delivery_method: "noop", delivery_options: {},
                  delivery_klass: klass, **rest)
  end

  it "delivers every mail once, as a mutable ASCII-8BIT string, on one thread of its own" do
    klass = delivery_class
    mails = Mails.assorted(60)
    mails.each { |mail| dovecot.append(user, mail) }
    sent = dovecot.messages(user).map { |message| message.body.to_s.b }
    run(hooked(klass, delete_after_delivery: true, expunge_deleted: true))
    await(klass.taken, 60)
    wait_until(20, "the mailbox to be empty") { dovecot.uids(user).empty? }
    taken = all(klass.taken)
    expect(taken.map(&:encoding).uniq).to eq([Encoding::ASCII_8BIT])
    expect(taken.any?(&:frozen?)).to be(false)
    expect(taken.tally).to eq(sent.tally)
    expect(all(klass.threads).uniq.size).to eq(1)
    expect(klass.options.map(&:mailbox).map(&:email)).to eq([user])
  end

  it "delivers through a class that was registered by name" do
    MailRoom::Delivery.register("app_registered", delivery_class("AppRegistered"))
    dovecot.append(user, Mails.plain(1))
    run(hooked(nil, delivery_method: "app_registered"))
    await(AppRegistered.taken, 1)
  end

  it "keeps a mail whose delivery returns false or raises, says why, and goes on with the others" do
    failing = { "0" => -> { false }, "1" => -> { raise ArgumentError, "no such issue" } }
    klass = delivery_class { |raw| failing.fetch(raw[/Mail (\d+)/, 1], -> { true }).call }
    10.times { |number| dovecot.append(user, Mails.plain(number)) }
    run(hooked(klass))
    await(klass.taken, 8)
    wait_until(20, "the others to be seen") { unseen.size == 2 }
    reasons = log.select { |line| line["action"] == "Delivery failed" }.map { |line| line["error"] }
    expect(reasons).to include("AppDelivery#deliver returned false or nil",
                               match(/\AAppDelivery#deliver raised ArgumentError: no such issue \(.*hooks_spec\.rb:\d+/))
    failing.clear
    await(klass.taken, 10)
    wait_until(20, "all to be seen") { unseen.empty? }
    expect(all(klass.taken).size).to eq(10)
  end

  it "sets aside the mail that always fails, and only that one, into a folder made for it" do
    klass = delivery_class { |raw| !raw.include?("Mail 3\r") }
    8.times { |number| dovecot.append(user, Mails.plain(number)) }
    run(hooked(klass, max_delivery_attempts: 2, failed_mailbox: "Failed mail", delete_after_delivery: true, expunge_deleted: true))
    await_log("Message set aside", 40)
    wait_until(20, "the inbox to be empty") { dovecot.uids(user).empty? }
    expect(all(klass.taken)).to match_array((0..7).reject { |number| number == 3 }.map { |number| Mails.plain(number).b })
    set_aside = dovecot.messages(user, mailbox: "Failed mail")
    expect(set_aside.map { |message| message.body.b }).to eq([Mails.plain(3).b])
    expect(set_aside.first.flags).to include(:Flagged)
  end

  it "leaves a mail that was set aside flagged and seen where it is, without a folder for it" do
    klass = delivery_class { |raw| !raw.include?("Mail 3\r") }
    5.times { |number| dovecot.append(user, Mails.plain(number)) }
    run(hooked(klass, max_delivery_attempts: 1, delete_after_delivery: true, expunge_deleted: true))
    await_log("Message set aside", 40)
    wait_until(20, "only that one to be left") { dovecot.uids(user).size == 1 && unseen.empty? }
    expect(dovecot.messages(user).map { |message| [message.body.b, (message.flags - [:Recent]).sort] })
      .to eq([[Mails.plain(3).b, %i[Flagged Seen]]])
  end

  it "sets nothing aside while everything fails, and delivers all of it afterwards" do
    down = true
    klass = delivery_class { |_| down ? raise("database is down") : true }
    20.times { |number| dovecot.append(user, Mails.plain(number)) }
    run(hooked(klass, max_delivery_attempts: 1))
    wait_until(30, "several pauses") { log.count { |line| line["action"] == "Delivery paused" } >= 4 }
    down = false
    await(klass.taken, 20, 60)
    wait_until(20, "all to be seen") { unseen.empty? }
    expect(all(klass.taken).tally).to eq(Array.new(20) { |number| Mails.plain(number).b }.tally)
    expect(log.map { |line| line["action"] }).not_to include("Message set aside")
  end

  it "finds the mails that can be delivered behind ten that cannot" do
    klass = delivery_class { |raw| raw[/Mail (\d+)/, 1].to_i >= 10 }
    30.times { |number| dovecot.append(user, Mails.plain(number)) }
    run(hooked(klass, limit_max_unread: 10))
    await(klass.taken, 20, 60)
    expect(all(klass.taken).map { |raw| raw[/Mail (\d+)/, 1].to_i }).to match_array((10..29).to_a)
  end

  {
    "NoMemoryError" => -> { raise NoMemoryError, "failed to allocate" },
    "NotImplementedError" => -> { raise NotImplementedError, "later" },
    "SystemStackError" => -> { def deep(depth) = deep(depth + 1) + 1 and deep(0) },
    "UncaughtThrowError" => -> { throw :up },
    "Timeout::Error" => -> { Timeout.timeout(0.05) { Queue.new.pop } },
    "a class of Exception" => -> { raise Class.new(Exception), "odd" } # rubocop:disable Lint/InheritException -- it is the case
  }.each do |kind, failure|
    it "survives #{kind} in a delivery" do
      first = true
      klass = delivery_class do
        if first
          first = false
          failure.call
        end
        true
      end
      3.times { |number| dovecot.append(user, Mails.plain(number)) }
      run(hooked(klass))
      await(klass.taken, 3)
      wait_until(20, "all to be seen") { unseen.empty? }
      expect(all(klass.taken).size).to eq(3)
      expect(all(klass.threads).uniq.size).to eq(1)
    end
  end

  it "starts a new thread when the one in a delivery is killed, and loses nothing" do
    first = true
    klass = delivery_class do
      if first
        first = false
        Thread.current.kill
      end
      true
    end
    3.times { |number| dovecot.append(user, Mails.plain(number)) }
    run(hooked(klass))
    await(klass.taken, 3)
    expect(all(klass.taken).size).to eq(3)
    expect(all(klass.threads).uniq.size).to eq(2)
    expect(await_log("Delivery failed")["error"]).to eq("the thread in AppDelivery#deliver ended before it returned")
  end

  it "blocks its own mailbox only" do
    gate = Queue.new
    slow = delivery_class("SlowDelivery") { gate.pop }
    quick = delivery_class("QuickDelivery")
    other = dovecot.new_user
    [user, other].each { |name| dovecot.append(name, Mails.plain(1)) }
    run(hooked(slow), hooked(quick, other))
    await(slow.threads, 1)
    await(quick.taken, 1)
    dovecot.append(other, Mails.plain(2))
    await(quick.taken, 2)
    expect(slow.taken.size).to eq(0)
    gate << true
    await(slow.taken, 1)
  end

  it "asks the app's arbiter once for each mail" do
    asked = Queue.new
    arbiter = Class.new do
      define_method(:initialize) { |_options| nil }
      define_method(:deliver?) do |uid, _expiration = 600|
        asked << uid
        uid != 2
      end
    end
    arbiter.const_set(:Options, Struct.new(:mailbox))
    stub_const("AppArbiter", arbiter)
    klass = delivery_class
    3.times { |number| dovecot.append(user, Mails.plain(number)) }
    run(hooked(klass, arbitration_klass: arbiter))
    await(klass.taken, 2)
    await_log("Idling")
    expect(all(asked)).to eq([1, 2, 3])
    expect(unseen).to eq([2])
    expect(log.select { |line| line["action"] == "asking arbiter to deliver" }.map { |line| line["arbitrator"] }.uniq).to eq(["AppArbiter"])
  end

  it "writes to a Ruby Logger of the app's, with hashes, and survives one that raises" do
    lines = Queue.new
    logger = Logger.new(nil)
    logger.define_singleton_method(:info) do |line|
      lines << line
      raise "disk full"
    end
    dovecot.append(user, Mails.plain(1))
    expect do
      run(hooked(delivery_class, logger: logger))
      await(AppDelivery.taken, 1)
      wait_until(20, "the last line") { lines.size >= 8 }
      @coordinator.quit
      @runner.join(25)
    end.to output(/the logger Logger raised RuntimeError/).to_stderr
    expect(all(lines)).to include({ context: { email: user, name: "INBOX" }, action: "sending to deliverer", uid: 1,
                                    deliverer: "AppDelivery", byte_size: Mails.plain(1).bytesize })
  end

  # A process of its own, as GitLab's cell-routing service is one: mailboxes built in Ruby, a class of its own, a log to an IO.
  describe "in a process of its own" do
    def script(body, options)
      <<~RUBY
        require "mail_room"
        class AppDelivery
          Options = Struct.new(:mailbox)
          def initialize(options) = nil
          def deliver(raw)
            #{body}
          end
        end
        mailbox = MailRoom::Mailbox.new(
          email: #{user.inspect}, password: #{dovecot.password.inspect}, host: #{dovecot.host.inspect}, port: #{dovecot.port},
          ssl: false, name: "INBOX", delivery_klass: AppDelivery, **{ logger: { log_path: $stdout } }.merge(#{options.inspect})
        )
        coordinator = MailRoom::Coordinator.new([mailbox])
        %w[TERM INT].each { |signal| trap(signal) { coordinator.running = false } }
        coordinator.run
      RUBY
    end

    def start(body, **options)
      @dir = Dir.mktmpdir
      lib = File.expand_path("../../lib", __dir__)
      @process = ServerProcess.new([RbConfig.ruby, "-I", lib, "-e", script(body, options)], out: File.join(@dir, "out"),
                                                                                            err: File.join(@dir, "err")).start
    end

    def said = [@process.out_file, @process.err_file].map { |file| File.read(file) }.join

    after do
      @process&.kill9
      FileUtils.remove_entry(@dir, true) if @dir
    end

    it "delivers, logs to its IO, and ends on TERM with status 0" do
      2.times { |number| dovecot.append(user, Mails.plain(number)) }
      start("true")
      wait_until(20, -> { "all to be seen: #{said}" }) { unseen.empty? }
      wait_until(20, "the log") { said.include?('"action":"Idling"') }
      expect(said.lines.map { |line| JSON.parse(line) }).to include(include("severity" => "INFO", "action" => "sending to deliverer"))
      @process.signal("TERM")
      expect(@process.wait(25).exitstatus).to eq(0)
    end

    it "ends within 30 s although a delivery hangs, and leaves the mail unread" do
      dovecot.append(user, Mails.plain(1))
      start("$stderr.puts('in it'); $stderr.flush; Queue.new.pop rescue sleep")
      wait_until(20, "the delivery") { said.include?("in it") }
      @process.signal("TERM")
      expect(@process.wait(30).exitstatus).to eq(0)
      expect(unseen.size).to eq(1)
    end

    it "delivers while the garbage collector runs at every chance and moves what it can" do
      3.times { |number| dovecot.append(user, Mails.plain(number)) }
      start("GC.stress = true; GC.compact; GC.verify_internal_consistency; raw.start_with?('From:')", logger: {})
      wait_until(60, -> { "all to be seen: #{said}" }) { unseen.empty? }
      @process.signal("TERM")
      expect(@process.wait(30).exitstatus).to eq(0)
      expect(said).to eq("")
    end

    it "sets aside the mail that no process survives, after as many as it may have" do
      3.times { |number| dovecot.append(user, Mails.plain(number)) }
      deadly = 'raw.match?(/Mail 1\b/) ? (Process.kill(:KILL, Process.pid); sleep) : true'
      options = { max_delivery_attempts: 2, arbitration_method: "redis", arbitration_options: { redis_url: redis.url, claim_ttl: 1 } }
      2.times do
        start(deadly, **options)
        expect([@process.wait(30).termsig, said]).to match([9, be_a(String)])
        wait_until(10, "its claims to end") do
          redis.call("KEYS", "delivered:*").none? do |key|
            redis.call("GET", key).to_s.start_with?("claimed")
          end
        end
      end
      start(deadly, **options)
      wait_until(30, -> { "all to be seen: #{said}" }) { unseen.empty? }
      expect(@process).to be_alive
      expect(dovecot.messages(user).map { |message| (message.flags - [:Recent]).sort }).to eq([[:Seen], %i[Flagged Seen], [:Seen]])
    end

    it "ends when a delivery exits, says so, and leaves the mail unread" do
      dovecot.append(user, Mails.plain(1))
      start("exit(3)")
      expect(@process.wait(30).exitstatus).to eq(3)
      expect(unseen.size).to eq(1)
      expect(said).to include("SystemExit")
    end
  end

  it "leaves no thread behind" do
    before = Thread.list.size
    dovecot.append(user, Mails.plain(1))
    run(hooked(delivery_class))
    await(AppDelivery.taken, 1)
    @coordinator.quit
    @runner.join(25)
    expect(Thread.list.size).to eq(before)
  end

  it "holds up nobody else by hanging with large messages in its hands" do
    release = Queue.new
    hangs = delivery_class("HangingDelivery") { release.pop }
    large = delivery_class("LargeDelivery")
    small = delivery_class("SmallDelivery")
    *hanging, other = Array.new(3) { dovecot.new_user }
    hanging.each { |name| dovecot.append(name, Mails.plain(1, 30 << 20)) }
    run(*hanging.map { |name| hooked(hangs, name) }, hooked(large, other), hooked(small))
    await(hangs.threads, 2, 40)
    # Nearly all memory is taken: the next large one waits, and the small one comes behind it.
    dovecot.append(other, Mails.plain(2, 30 << 20))
    wait_until(20, "the large one to be asked for") do
      log.any? { |line| line["action"] == "asking arbiter to deliver" && line["context"]["email"] == other }
    end
    dovecot.append(user, Mails.plain(3))
    await(small.taken, 1, 8)
    await(large.taken, 1, 40)
    expect(hangs.taken.size).to eq(0)
    2.times { release << true }
    await(hangs.taken, 2)
  end
end
