# frozen_string_literal: true

require "tmpdir"

# Notices to an administrator.
RSpec.describe "on_trouble", :servers do
  let(:user) { dovecot.new_user }

  after { @server&.stop }

  def told(&answer)
    @server = HttpServer.new(&answer).start
  end

  def notices = @server.accepted.map { |request| JSON.parse(request.body) }

  def events = notices.map { |notice| notice["event"] }

  it "tells that a mailbox is in trouble, and that it is well again, once each" do
    server = TestDovecot.new.start
    told
    process = mail_room(mailbox(user, server: server, on_trouble: { url: "#{@server.url}/hidden-hook", after: 2 }))
    process.await_log("Idling")
    server.kill9
    wait_until(40, -> { "a notice: #{process.everything_said[-2000..]}" }) { events == ["trouble"] }
    expect(notices.first).to include("mailbox" => { "email" => user, "name" => "INBOX" }, "error" => /Connection refused/, "after_s" => 2,
                                     "time" => /\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\z/,
                                     "text" => /\Amail_room: INBOX of #{user} is in trouble: .*Connection refused/)
    expect(@server.requests.first.headers["content-type"]).to eq("application/json")
    server.start
    wait_until(60, -> { "both notices: #{process.everything_said[-2000..]}" }) { events == %w[trouble recovered] }
    server.append(user, Mails.plain(1))
    wait_until(20, "the mail") { delivered.size == 1 }
    expect(events).to eq(%w[trouble recovered])
    expect(process.everything_said).not_to include("hidden")
  ensure
    server&.remove
  end

  it "tells of a target that is down, by a program" do
    Dir.mktmpdir do |folder|
      File.write(script = File.join(folder, "tell"), "#!/bin/sh\ncat >> #{folder}/told; echo >> #{folder}/told\n")
      File.chmod(0o755, script)
      dovecot.append(user, Mails.plain(1))
      port = ServerProcess.free_port
      mail_room(mailbox(user, delivery_method: "postback", delivery_options: { delivery_url: "http://127.0.0.1:#{port}/" },
                              on_trouble: { command: [script], after: 1 }))
      lines = -> { File.exist?(File.join(folder, "told")) ? File.readlines(File.join(folder, "told")).map { |line| JSON.parse(line) } : [] }
      wait_until(30, "a notice") { lines.call.size == 1 }
      expect(lines.call.first).to include("event" => "trouble", "error" => /Connection refused/)
      @server = HttpServer.new(port: port).start
      wait_until(90, "another") { lines.call.size == 2 }
      expect(lines.call.last["event"]).to eq("recovered")
    end
  end

  it "tells of each message that is set aside, and sends a notice again that was not taken" do
    # The app refuses the message; the first notice is not taken.
    statuses = { "/mails" => [413], "/told" => [503, 200] }
    told { |request| [statuses.fetch(request.path).then { |left| left.size > 1 ? left.shift : left.first }, {}, ""] }
    dovecot.append(user, Mails.plain(7))
    process = mail_room(mailbox(user, delivery_method: "postback", delivery_options: { delivery_url: "#{@server.url}/mails" },
                                      max_delivery_attempts: 1, on_trouble: { url: "#{@server.url}/told" }))
    process.await_log("Message set aside")
    expect(process.await_log("Notice not sent")["error"])
      .to eq("127.0.0.1 does not take notices: it answered 503; check url of on_trouble")
    wait_until(40, -> { "the notice: #{process.everything_said[-2000..]}" }) { @server.requests.count { |each| each.path == "/told" } == 2 }
    notice = JSON.parse(@server.requests.select { |each| each.path == "/told" }.last.body)
    expect(notice).to include("event" => "set_aside", "uid" => 1, "others" => 0, "error" => /answered 413/)
    expect(notice["text"]).to match(/has a message set aside/)
    expect(@server.requests.map(&:body).grep(/Line of mail/).size).to eq(1)
  end

  it "lets the message in flight be delivered and marked after a stop" do
    manager = NotifySocket.new
    answers = Queue.new
    told { |_request| answers.pop }
    dovecot.append(user, Mails.plain(1))
    process = mail_room(mailbox(user, delivery_method: "postback", delivery_options: { delivery_url: "#{@server.url}/mails" },
                                      on_trouble: { url: "#{@server.url}/told" }), env: { "NOTIFY_SOCKET" => manager.address })
    wait_until(20, "the post") { @server.requests.size == 1 }
    process.signal("TERM")
    wait_until(20, "it to stop") { manager.told("STOPPING") == ["1"] }
    answers << [200, {}, ""]
    expect(process.wait.exitstatus).to eq(0)
    expect([@server.requests.size, dovecot.uids(user, "UNSEEN")]).to eq([1, []])
  ensure
    manager&.remove
    answers&.close
  end

  # A mailbox whose messages are all set aside, which is told.
  def setting_aside(told, server: dovecot, **options)
    mailbox(user, server: server, delivery_method: "postback", delivery_options: { delivery_url: "#{@server.url}/mails" },
                  max_delivery_attempts: 1, on_trouble: { url: told, **options })
  end

  def posts(path) = @server.requests.select { |request| request.path == path }

  it "keeps all notices while nobody takes them" do
    server = TestDovecot.new.start
    told { [413, {}, ""] }
    port = ServerProcess.free_port
    2.times { |number| server.append(user, Mails.plain(number)) }
    process = mail_room(setting_aside("http://127.0.0.1:#{port}/told", server: server, after: 1))
    wait_until(20, "two set aside") { process.log.count { |line| line["action"] == "Message set aside" } == 2 }
    idled = -> { process.log.count { |line| line["action"] == "Idling" } }
    before = wait_until(20, "it to wait") { idled.call.then { |count| count if count.positive? } }
    server.kill9
    wait_until(30, "notices that are not taken") { process.log.count { |line| line["action"] == "Notice not sent" } >= 2 }
    server.start
    wait_until(60, "it to be connected again") { idled.call > before }
    listener = HttpServer.new(port: port).start
    told = -> { listener.accepted.map { |request| JSON.parse(request.body).values_at("event", "uid") } }
    wait_until(90, -> { "all notices, not #{told.call}: #{process.everything_said[-2000..]}" }) { told.call.size == 4 }
    expect(told.call.map(&:first)).to eq(%w[set_aside set_aside trouble recovered])
    expect(told.call.first(2).map(&:last)).to contain_exactly(1, 2)
  ensure
    listener&.stop
    server&.remove
  end

  it "sends what is left at a stop, each once" do
    statuses = [503, 200]
    told { |request| [request.path == "/mails" ? 413 : statuses.shift || 200, {}, ""] }
    3.times { |number| dovecot.append(user, Mails.plain(number)) }
    process = mail_room(setting_aside("#{@server.url}/told"))
    process.await_log("Notice not sent")
    wait_until(20, "all set aside") { dovecot.uids(user, "UNSEEN").empty? }
    expect(process.term.exitstatus).to eq(0)
    taken = posts("/told").select { |post| post.answered == 200 }
    expect(taken.map { |post| JSON.parse(post.body)["uid"] }).to contain_exactly(1, 2, 3)
    expect(process.log.map { |line| line["action"] }).not_to include("Notices dropped")
  end

  it "ends at a stop although notices are left, and says how many" do
    told { |request| request.path == "/mails" ? [413, {}, ""] : :hang }
    3.times { |number| dovecot.append(user, Mails.plain(number)) }
    process = mail_room(setting_aside("#{@server.url}/hidden-told"))
    wait_until(20, "a notice under way") { posts("/hidden-told").size == 1 }
    wait_until(20, "all set aside") { dovecot.uids(user, "UNSEEN").empty? }
    expect(process.term.exitstatus).to eq(0)
    expect(process.log.select { |line| line["action"] == "Notices dropped" }).to match([include("severity" => "WARN", "count" => 3)])
    expect(process.everything_said).not_to include("hidden")
  end

  describe "in check" do
    include Checking

    def step(**told)
      steps_of(mailbox(user, on_trouble: told)).find { |step| step.id.start_with?("on_trouble.") }.to_h.except(:took_ms)
    end

    it "asks whether the host answers, and sends nothing" do
      told { |_request| [404, {}, ""] }
      url = "http://hidden-user:hidden-pass@127.0.0.1:#{@server.port}/hidden-hook?hidden=1"
      expect(step(url: url)).to include(id: "on_trouble.answered", question: "Host of on_trouble answers?", status: :ok)
      expect(@server.requests.map { |request| [request.verb, request.path, request.body.to_s] }).to eq([["HEAD", "/", ""]])
      expect(@server.requests.first.headers).not_to have_key("authorization")
      @server.stop
      expect(step(url: url)).to include(status: :failed, detail: /Connection refused/, fix: /\ACheck url in on_trouble/)
      expect(step(url: url).to_s).not_to include("hidden")
    end

    it "looks for the program, and does not run it" do
      expect(step(command: ["sh", "-c", "exit 1"])).to include(id: "on_trouble.program", status: :ok, detail: %r{/sh\z})
      expect(step(command: "no-such-program")).to include(status: :failed, detail: "there is no executable file no-such-program",
                                                          fix: /\ACorrect command in on_trouble/)
    end
  end
end
