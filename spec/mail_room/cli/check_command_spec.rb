# frozen_string_literal: true

require "io/console"
require "open3"
require "pty"
require "socket"
require "tmpdir"

RSpec.describe MailRoom::CheckCommand do
  around { |example| Dir.mktmpdir { |dir| Dir.chdir(dir) { example.run } } }

  let(:executable) { File.expand_path("../../../exe/mail_room", __dir__) }
  let(:user) { dovecot.new_user }

  # To compare what is said whatever the time it took.
  def run(*arguments, env: { "LC_ALL" => "C.UTF-8" })
    out, err, status = Open3.capture3(env, RbConfig.ruby, executable, "check", *arguments, stdin_data: "")
    [out.force_encoding("UTF-8").gsub(/\d+ ms/, "N ms"), err, status.exitstatus]
  end

  def write(*mailboxes)
    File.write("config.yml", YAML.dump(mailboxes: mailboxes))
  end

  def good = mailbox(user).merge(matching: { address: "in+%{key}@in.example.com" })

  it "says step by step that all is well" do
    write(good)
    expect(run("-c", "config.yml")).to eq([<<~TEXT, "", 0])
      Checking mailbox INBOX of #{user} ...
      ✓ Configuration is valid? ... yes
      ✓ IMAP server name resolves? ... yes (127.0.0.1, N ms)
      ✓ IMAP server can be reached? ... yes (N ms)
      ✓ IMAP server answers? ... yes (N ms)
      ✓ IMAP server credentials are correct? ... yes (N ms)
      ✓ Mailbox INBOX exists? ... yes (N ms)
      ✓ IMAP server supports IDLE? ... yes (answered, and ended with DONE, N ms)
      ✓ IMAP server supports UIDPLUS? ... yes
      ✓ Waiting messages can be counted? ... yes (0 found by UNSEEN, N ms)
      ✓ Redis of arbitration can be reached? ... yes (Redis 127.0.0.1:#{redis.port}/0, N ms)
      ✓ Redis of arbitration takes writes? ... yes (N ms)
      ✓ Redis of arbitration permits what we do there? ... yes (N ms)
      ✓ Redis of Sidekiq can be reached? ... yes (Redis 127.0.0.1:#{redis.port}/0, N ms)
      ✓ Redis of Sidekiq takes writes? ... yes (N ms)
      ✓ Redis of Sidekiq permits what we do there? ... yes (N ms)
      ✓ Incoming address is safe? ... yes (in+%{key}@in.example.com)

      1 mailbox: everything is well
    TEXT
  end

  it "goes on with the next mailbox and the next party when something does not work" do
    write(good.merge(password: "hidden"), { name: "x" }, good.merge(matching: { address: "in+%{key}@example.com" }))
    out, err, status = run("-c", "config.yml")
    expect([err, status]).to eq(["", 1])
    expect(out).not_to include("hidden")
    expect(out).to include("✗ IMAP server credentials are correct? ... no (N ms)\n    login refused", "✓ Redis of Sidekiq takes writes?",
                           "Checking mailbox config.yml, mailbox 2 ...\n✗ Configuration is valid? ... no\n    Field :email is required",
                           "! Incoming address is safe? ... yes\n")
    expect(out.lines.last).to eq("3 mailboxes: 2 problems, 1 warning\n")
  end

  it "says only what matters when it is to be quiet" do
    write(good)
    expect(run("-c", "config.yml", "--quiet")).to eq(["", "", 0])
    write(good, good.merge(name: "Other"))
    out, _err, status = run("-c", "config.yml", "-q")
    expect(status).to eq(1)
    expect(out.lines.grep(/\?/).size).to eq(1)
    expect(out).to start_with("Checking mailbox Other of #{user} ...\n✗ Mailbox Other exists? ... no")
  end

  it "says it in JSON" do
    write(good, good.merge(password: "hidden"))
    out, err, status = run("-c", "config.yml", "--json")
    expect([out.lines.size, err, status]).to eq([1, "", 1])
    said = JSON.parse(out)
    expect(said["ok"]).to be(false)
    expect(said["mailboxes"].map { |box| box.values_at("mailbox", "email", "ok") }).to eq([["INBOX", user, true], ["INBOX", user, false]])
    failed = said["mailboxes"].last["steps"].reject { |step| step["status"] == "ok" }
    expect(failed).to match([include("id" => "imap.logged_in", "answer" => "no", "detail" => /login refused/, "fix" => /app password/,
                                     "took_ms" => be_an(Integer))])
  end

  it "checks GitLab's own files" do
    File.write("gitlab.rb", <<~RUBY)
      external_url 'http://127.0.0.1:#{ServerProcess.free_port}'
      { enabled: true, address: 'in+%{key}@in.example.com', email: '#{user}', password: 'secret', host: '127.0.0.1', port: #{dovecot.port},
        log_file: '#{Dir.pwd}/x.log', delivery_method: 'sidekiq' }.each { |key, value| gitlab_rails["incoming_email_\#{key}"] = value }
      gitlab_rails['redis_host'] = '127.0.0.1'
      gitlab_rails['redis_port'] = #{redis.port}
    RUBY
    out, _err, status = run("--gitlab-rb", "gitlab.rb")
    expect(out.lines.last).to eq("1 mailbox: everything is well\n")
    expect(status).to eq(0)
  end

  it "goes on without external_url in gitlab.rb, with a warning that names it" do
    File.write("gitlab.rb", <<~RUBY)
      { enabled: true, address: 'in+%{key}@in.example.com', email: '#{user}', password: 'secret', host: '127.0.0.1', port: #{dovecot.port},
        log_file: '#{Dir.pwd}/x.log' }.each { |key, value| gitlab_rails["incoming_email_\#{key}"] = value }
      gitlab_rails['redis_host'] = '127.0.0.1'
      gitlab_rails['redis_port'] = #{redis.port}
    RUBY
    out, err, status = run("--gitlab-rb", "gitlab.rb")
    expect(err.lines).to match([/\Amail_room: warning: external_url in gitlab\.rb is not set: /])
    expect(out).to include("! Delivery endpoint answers? ... no", "Set delivery_url (external_url in gitlab.rb)",
                           "Waiting messages can be counted? ... yes")
    expect([out.lines.last, status]).to eq(["1 mailbox: 1 warning\n", 0])
  end

  it "says what is wrong with the file, or its absence" do
    expect(run("-c", "none.yml")).to match(
      [/✗ Configuration is valid\? ... no\n    cannot read the configuration file none.yml.*\n    Try fixing it: /, "", 1]
    )
    expect(run).to match(["", /no configuration file was given: use -c FILE/, 1])
    expect(run("-c", "a", "b")).to match(["", /needless argument/, 2])
  end

  it "does not tell of success when a signal ends it" do
    silent = TCPServer.new("127.0.0.1", 0)
    write(good.merge(port: silent.addr[1]))
    pid = Process.spawn(RbConfig.ruby, executable, "check", "-c", "config.yml", out: File::NULL)
    connection = silent.accept
    Process.kill("TERM", pid)
    _, status = wait_until(10, "the check to end") { Process.wait2(pid, Process::WNOHANG) }
    expect(status.termsig).to eq(Signal.list["TERM"])
  ensure
    [connection, silent].compact.each(&:close)
  end

  it "has colours on a terminal, and plain marks where nobody reads UTF-8" do
    write(good.merge(name: "Other"))
    said = lambda do |env|
      reader, _, pid = PTY.spawn({ "LC_ALL" => "C.UTF-8" }.merge(env), RbConfig.ruby, executable, "check", "-c", "config.yml")
      text = +""
      begin
        loop { text << reader.readpartial(4096) }
      rescue Errno::EIO
        text
      ensure
        Process.wait(pid)
      end
      text.force_encoding("UTF-8")
    end
    expect(said.call({})).to include("\e[32m✓\e[0m Configuration is valid?", "\e[31m✗\e[0m Mailbox Other exists?")
    expect(said.call("NO_COLOR" => "1")).not_to include("\e[")
    expect(run("-c", "config.yml", env: { "LC_ALL" => "C" }).first).to include("+ Configuration is valid?", "x Mailbox Other exists?")
  end
end
