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
end
