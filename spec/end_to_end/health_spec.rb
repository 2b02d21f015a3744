# frozen_string_literal: true

require "json"
require "open3"

# The health check of the executable, asked as Kubernetes asks.
RSpec.describe "the health check", :servers do
  let(:port) { ServerProcess.free_port }
  let(:user) { dovecot.new_user }
  let(:health_check) { { address: "0.0.0.0", port: port } }

  def liveness = HealthClient.get(port, "/liveness")

  # The configuration that GitLab's Helm chart renders.
  def chart(folder, redis)
    File.write("#{folder}/password", "#{dovecot.password}\n")
    File.write("#{folder}/redis", "unused\n")
    <<~YAML
      :health_check:
        :address: "0.0.0.0"
        :port: #{port}
      :mailboxes:
        -
          :email: #{user.to_json}
          :password: <%= File.read(#{"#{folder}/password".to_json}).strip.to_json %>
          :name: "inbox"
          :delete_after_delivery: true
          :expunge_deleted: false
          :logger:
            :log_path: #{"#{folder}/log".to_json}
          :host: "#{dovecot.host}"
          :port: #{dovecot.port}
          :ssl: false
          :start_tls: false
          :idle_timeout: 60
          :delivery_method: sidekiq
          :delivery_options:
            :redis_url: "#{redis.url}"
            :queue: email_receiver
            :worker: EmailReceiverWorker
          :arbitration_method: redis
          :arbitration_options:
            :redis_url: "#{redis.url}"
            :namespace: "mail_room:gitlab"
    YAML
  end

  it "answers a probe through start, many mails, an outage of Redis, and a stop, with the configuration of GitLab's chart" do
    own = TestRedis.new(persistent: true).start
    folder = Dir.mktmpdir
    File.write("#{folder}/mail_room.yml", chart(folder, own))
    2_000.times { |number| dovecot.append(user, Mails.plain(number)) }
    process = ServerProcess.new([RbConfig.ruby, MailRoomProcess::EXECUTABLE, "-c", "#{folder}/mail_room.yml", "--log-exit-as", "json"],
                                out: "#{folder}/out").start
    began = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    wait_until(20, "the first answer") { liveness == [200, "OK\n"] }
    puts format("the first answer came %.2f s after the start", Process.clock_gettime(Process::CLOCK_MONOTONIC) - began)
    probe = HealthClient::Probe.new(port)
    expect(File.read("/proc/#{process.pid}/cmdline")).to include("mail_room")
    expect(`ps -o args= -p #{process.pid}`).to start_with("mail_room ")
    wait_until(60, "some jobs") { own.call("LLEN", "queue:email_receiver").positive? }
    own.stop
    wait_until(30, "readiness to say that Redis is down") do
      status, body = HealthClient.get(port, "/readiness", timeout: 5)
      status == 503 && body.match?(/\A#{Regexp.escape(user)} \(inbox\): paused for \d+ s: .*redis/i)
    end
    own.start
    wait_until(90, "all jobs") { own.call("LLEN", "queue:email_receiver") == 2_000 }
    wait_until(30, "readiness") { HealthClient.get(port, "/readiness", timeout: 5) == [200, "OK\n"] }
    process.signal("TERM")
    # Connections are refused only once the process ends.
    wait_until(30, "the end") { !process.alive? }
    expect(process.status.exitstatus).to eq(0)
    answers = probe.stop
    # What was asked at the very end may not have been answered, for the process was gone.
    answered = answers.reverse.drop_while(&:nil?)
    expect(answered.uniq).to eq([[200, "OK\n"]])
    expect(answers.size - answered.size).to be < 40
    expect(File.readlines("#{folder}/out")).to eq([])
  ensure
    process&.kill9
    own&.remove
    FileUtils.remove_entry(folder) if folder
  end

  it "answers until the messages in flight are finished" do
    release = Queue.new
    endpoint = HttpServer.new do |_request|
      release.pop
      [200, {}, ""]
    end.start
    box = mailbox(user, delivery_method: "postback", delivery_options: { delivery_url: endpoint.url }, arbitration_method: "noop")
    process = mail_room(box, settings: { health_check: health_check })
    wait_until(20, "the first answer") { liveness == [200, "OK\n"] }
    dovecot.append(user, Mails.plain(1))
    wait_until(20, "a post") { endpoint.requests.any? }
    process.signal("TERM")
    expect(Array.new(50) { liveness }).to all(eq([200, "OK\n"]))
    release << true
    expect(process.wait.exitstatus).to eq(0)
    expect(dovecot.messages(user).map(&:flags)).to match([include(:Seen)])
  ensure
    endpoint&.stop
  end

  it "works as GitLab's cell-routing service builds it" do
    code = <<~RUBY
      require "mail_room"
      class Handler
        Options = Struct.new(:mailbox)
        def initialize(options) = @options = options
        def deliver(raw) = File.write("delivered", raw)
      end
      mailbox = MailRoom::Mailbox.new(
        email: #{user.inspect}, password: #{dovecot.password.inspect}, host: "127.0.0.1", port: #{dovecot.port}, name: "inbox",
        ssl: false, start_tls: false, delete_after_delivery: false, expunge_deleted: false, idle_timeout: nil,
        delivery_klass: Handler, delivery_options: { router_url: "http://127.0.0.1" }, logger: { log_path: $stdout },
        arbitration_method: "redis", arbitration_options: { redis_url: #{redis.url.inspect}, namespace: "mail_room:gitlab" }
      )
      health_check = MailRoom::HealthCheck.new({ address: "127.0.0.1", port: #{port} })
      coordinator = MailRoom::Coordinator.new([mailbox], health_check)
      trap("TERM") { coordinator.quit }
      coordinator.run
    RUBY
    Dir.mktmpdir do |dir|
      dovecot.append(user, Mails.plain(7))
      ruby = [RbConfig.ruby, "-I", File.expand_path("../../lib", __dir__)]
      process = ServerProcess.new([*ruby, "-e", code], out: "#{dir}/out", chdir: dir).start
      process.await("the delivery") { File.exist?("#{dir}/delivered") && liveness == [200, "OK\n"] }
      process.await("readiness") { HealthClient.get(port, "/readiness", timeout: 5) == [200, "OK\n"] }
      process.signal("TERM")
      expect(process.wait(30).exitstatus).to eq(0)
    ensure
      process&.kill9
    end
  end

  it "says in one line why it cannot listen" do
    taken = TCPServer.new("0.0.0.0", port)
    process = mail_room(mailbox(user), settings: { health_check: health_check })
    expect(process.wait.exitstatus).to eq(1)
    expect(process.stderr).to match(/\Amail_room: the health check cannot listen on address 0\.0\.0\.0, port #{port}: .*\n\z/)
  ensure
    taken&.close
  end

  describe "the status" do
    let(:health_check) { { address: "127.0.0.1", port: port } }

    def status(*arguments)
      out, err, status = Open3.capture3(RbConfig.ruby, MailRoomProcess::EXECUTABLE, "status", *arguments)
      [status.exitstatus, out, err]
    end

    it "is told on a terminal, as JSON, and into the log" do
      process = mail_room(mailbox(user), settings: { health_check: health_check })
      dovecot.append(user, Mails.plain(1))
      wait_until(20, "readiness") { HealthClient.get(port, "/readiness", timeout: 5)&.first == 200 && delivered.size == 1 }
      code, out, err = status("-c", process.config)
      expect([code, err]).to eq([0, ""])
      first = /\Amail_room #{MailRoom::VERSION}, running since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d: 1 of 1 mailboxes are well\.\z/
      second = /\A#{user} \(INBOX\): waiting for mail for \d+ s; 1 delivered, 0 waiting, 1 in the last hour\z/
      expect(out.lines(chomp: true)).to match([first, second])
      expect(status("--url", "http://127.0.0.1:#{port}")[0..1]).to match([0, /1 of 1 mailboxes are well/])
      code, out, = status("--json", "--url", "http://127.0.0.1:#{port}/status.json")
      expect([code, JSON.parse(out)["mailboxes"].size]).to eq([0, 1])
      process.signal("USR1")
      expect(process.await_log("Status"))
        .to include("state" => "idle", "delivered" => 1, "left" => 0, "context" => { "email" => user, "name" => "INBOX" })
    end

    it "says what is wrong and what to do, with another exit status" do
      closed = ServerProcess.free_port
      process = mail_room(mailbox(user, port: closed), settings: { health_check: health_check })
      process.await_log("Disconnected. Resetting...")
      code, out, = status("-c", process.config)
      expect(code).to eq(1)
      expect(out).to match(/0 of 1 mailboxes are well\..*not connected for .*\n  127\.0\.0\.1:#{closed}: cannot connect.*\n  It connects /m)
    end

    it "is told over a Unix socket, too" do
      Dir.mktmpdir do |dir|
        process = mail_room(mailbox(user), settings: { health_check: { socket: "#{dir}/health" } })
        process.await_log("Idling")
        expect(status("-c", process.config)[0..1]).to match([0, /1 of 1 mailboxes are well/])
        process.term
        code, _, err = status("-c", process.config)
        expect([code, err]).to match([2, %r{\Amail_room: nobody answers at #{dir}/health: }])
      end
    end

    it "says so if nobody answers, or something else" do
      expect(status("--url", "http://127.0.0.1:#{port}"))
        .to match([2, "", /\Amail_room: nobody answers at .*: .*refused.*; is mail_room running/])
      process = mail_room(mailbox(user), settings: { health_check: { address: "0.0.0.0", port: port } })
      wait_until(20, "an answer") { liveness }
      expect(status("-c", process.config)).to match([2, "", /answers 404 in place of a status; set status: true/])
      expect(status("--url", "nonsense")).to match([2, "", /nonsense is no URL/])
      expect(status).to match([2, "", /-c FILE or --url URL/])
      expect(status("-c", "/nonexistent/mail_room.yml")).to match([2, "", /cannot read the configuration file/])
      expect(status("-c", mail_room(mailbox(user)).config)).to match([2, "", /has no health_check to ask: add one, or use --url/])
    end
  end
end
