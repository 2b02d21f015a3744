# frozen_string_literal: true

require "fileutils"

# docs/rails.md, followed word by word in a new app of Debian's Rails. Only the mail server, its port and the user are others.
RSpec.describe "docs/rails.md", :servers do
  page = File.read(File.expand_path("../../docs/rails.md", __dir__))
  sections = page.split(/^## /).drop(1).to_h { |section| section.split("\n", 2) }
  # A section's blocks: [language, text].
  blocks = sections.transform_values do |text|
    text.scan(/^( *)```(\w+)\n(.*?)^\1```$/m).map { |indent, language, block| [language, block.gsub(/^#{indent}/, "")] }
  end

  before(:context) { @app = RailsApp.new.create }

  after(:context) { @app.remove }

  after { @app.stop }

  let(:app) { @app }
  let(:user) { dovecot.new_user("shop") }
  # As the reader's own: the system trusts the server's certificate there.
  let(:variables) { { MAIL_ROOM_PASSWORD: dovecot.password, SSL_CERT_FILE: dovecot.ca_file } }

  def on_our_server(yaml)
    with_user = yaml.sub(/\n *:port: .*/, "").gsub("incoming@example.com", user)
    with_user.gsub(/^( *):host: .*/, "\\1:host: #{dovecot.host}\n\\1:port: #{dovecot.tls_port}")
  end

  # Writes each block that names its file, and runs the commands.
  def follow(blocks)
    blocks.each do |language, text|
      if language == "sh"
        text.lines(chomp: true).grep_v(/runner|server/).each { |command| app.run(command, **variables) }
      elsif (path = text[/\A# (\S+?)(?:, at the end)?$/, 1])
        app.write(path, written(path, text))
      end
    end
  end

  # What a file holds by then. What is shown of a file that the app has is added to it.
  def written(path, text)
    inside = text.sub(/\A#.*\n/, "")
    return app.read(path) + inside if text.match?(/\A.*, at the end$/)
    return app.read(path).sub(/^end\s*\z/, "#{inside}end\n") if path.include?("environments")

    on_our_server(text)
  end

  define_method(:five_minutes) do
    # Steps that are done twice would find their files there.
    first = blocks.fetch("Five minutes, from bundle add to a mailbox class that runs")
    done = File.exist?(File.join(app.folder, "app/mailboxes/support_mailbox.rb"))
    follow(first.reject { |language, _text| done && language == "sh" })
  end

  # Messages that Action Mailbox has stored and routed. What was stored when a process was killed may wait for ever: the app's adapter of
  # Active Job keeps its jobs in memory.
  def routed(environment) = app.inbound_emails(environment).select { |status, _id| status == "delivered" }.map(&:last)

  # Sends a mail to the watched mailbox.
  def send_and_await(process, number, environment: "development")
    before = routed(environment)
    dovecot.append(user, Mails.plain(number))
    wait_until(120, -> { "#{number} to be routed, not #{app.inbound_emails(environment)}; said #{process.output}#{log_of_mail_room}" }) do
      routed(environment).size > before.size
    end
    expect(routed(environment) - before).to eq(["#{number}@example.com"])
  end

  def log_of_mail_room
    path = File.join(app.folder, "log/mail_room.log")
    text = File.exist?(path) ? File.read(path) : ""
    text[-3000..] || text
  end

  def expect_read = wait_until(20, "all to be read") { dovecot.uids(user, "UNSEEN").empty? }

  it "leads to a mailbox class that runs, once for each message" do
    five_minutes
    process = app.start("bin/rails runner script/mail_room.rb", **variables)
    send_and_await(process, 501)
    expect(app.read("log/development.log")).to include("Support mail: Mail 501")
    expect_read
    # The same again, as after a crash before it was marked: no second row.
    dovecot.append(user, Mails.plain(501))
    expect_read
    send_and_await(process, 502)
    expect(app.inbound_emails.last(2).map(&:last)).to eq(%w[501@example.com 502@example.com])
    process.signal("TERM")
    expect(process.wait(120).exitstatus).to eq(0)
  end

  it "is tried out by the command of the page, in the app" do
    five_minutes
    command = blocks.fetch("Five minutes, from bundle add to a mailbox class that runs").map(&:last).grep(/CheckCommand/).first.chomp
    expect(app.run(command, **variables)).to match(/Rails app takes messages\? \.\.\. yes$/)
    other = "active_job\n    :delivery_options:\n      :job_class: NoSuchJob"
    app.write("config/mail_room.yml", app.read("config/mail_room.yml").sub(/action_mailbox$/, other))
    expect { app.run(command, **variables) }.to raise_error(/Rails app takes messages\? \.\.\. no.*there is no NoSuchJob/m)
  end

  it "keeps a message whose storing fails, and tries it again" do
    five_minutes
    app.write("config/initializers/broken.rb", <<~RUBY)
      Rails.application.reloader.to_prepare do
        ActionMailbox::InboundEmail.before_create { raise "no room" unless File.exist?(Rails.root.join("room")) }
      end
    RUBY
    before = app.inbound_emails.size
    process = app.start("bin/rails runner script/mail_room.rb", **variables)
    dovecot.append(user, Mails.plain(510))
    wait_until(120, "a failure") { log_of_mail_room.include?("no room") }
    expect(dovecot.uids(user, "UNSEEN").size).to eq(1)
    app.write("room", "")
    wait_until(120, -> { "it to be stored: #{process.output}" }) { app.inbound_emails.size == before + 1 }
    expect_read
  ensure
    FileUtils.rm_f([File.join(app.folder, "config/initializers/broken.rb"), File.join(app.folder, "room")])
  end

  it "watches inside Puma until that ends" do
    five_minutes
    puma = app.read("config/puma.rb")
    follow(blocks.fetch("Inside Puma"))
    process = app.start("bin/rails server", PORT: ServerProcess.free_port.to_s, **variables)
    send_and_await(process, 520)
    expect_read
    process.signal("TERM")
    # Puma ends itself with the signal that it got.
    expect([0, nil]).to include(process.wait(120).exitstatus)
    expect(log_of_mail_room).to include("Quitting connection...")
  ensure
    app.write("config/puma.rb", puma)
  end

  it "runs in production, as the unit of systemd starts it" do
    five_minutes
    unit = blocks.fetch("As a service of systemd").first.last
    app.run("bin/rails db:migrate", RAILS_ENV: "production", **variables)
    command = unit[/^ExecStart=(.*)/, 1].sub("/srv/shop/", "")
    process = app.start(command, **unit.scan(/^Environment=(\w+)=(.*)/).to_h.transform_keys(&:to_sym), **variables)
    send_and_await(process, 530, environment: "production")
    process.signal("TERM")
    expect(process.wait(unit[/^TimeoutStopSec=(\d+)/, 1].to_i).exitstatus).to eq(0)
  end

  it "hands messages to Active Job" do
    five_minutes
    (_, yaml), job = blocks.fetch("Active Job")
    follow([job])
    log = ":logger:\n      :log_path: log/mail_room.log\n    "
    app.write("config/mail_room.yml", on_our_server(yaml).sub(":delivery_method:", "#{log}:delivery_method:"))
    process = app.start("bin/rails runner script/mail_room.rb", **variables)
    dovecot.append(user, Mails.plain(540))
    wait_until(120, -> { "the job: #{process.output}#{log_of_mail_room}" }) do
      app.read("log/development.log").include?("Incoming mail: Mail 540")
    end
    expect(app.read("log/development.log")).to match(/Enqueued IncomingMailJob \(Job ID: \S+\) to Async\(mails\)/)
    expect_read
    pushed = app.read("log/mail_room.log").lines.map { |line| JSON.parse(line) }.select { |line| line["action"] == "message pushed" }
    expect(pushed.last).to include("delivery_method" => "ActiveJob", "job_id" => /\A[\h-]{36}\z/)
  end

  describe "from a process of its own" do
    def relay(url, **options)
      mailbox(user, delivery_method: "action_mailbox", arbitration_method: "noop", arbitration_options: {},
                    delivery_options: { url: url, password: "hidden-ingress", **options })
    end

    define_method(:serve) do |configured: true, password: "hidden-ingress"|
      development = "config/environments/development.rb"
      if configured && !app.read(development).include?("ingress = :relay")
        follow(blocks.fetch("From a process of its own").first(1).map { |kind, text| [kind, text.sub("production", "development")] })
      elsif !configured
        app.write(development, app.read(development).sub(/^.*ingress = :relay.*\n/, ""))
      end
      port = ServerProcess.free_port
      server = app.start("bin/rails server -p #{port}", RAILS_INBOUND_EMAIL_PASSWORD: password)
      wait_until(120, -> { "Rails to serve: #{server.output}" }) { server.output.include?("Listening on") }
      "http://127.0.0.1:#{port}"
    end

    def checked(url)
      extend Checking
      steps_of(relay(url)).select { |step| step.id.start_with?("action_mailbox.") }
    end

    def stored_from(url)
      before = app.inbound_emails.size
      mails = [Mails.plain(550), "Subject: Gr\xFC\xDFe\r\nMessage-ID: <551@example.com>\r\n\r\n\xFF\r\n".b]
      mails.each { |mail| dovecot.append(user, mail) }
      process = mail_room(relay(url))
      wait_until(120, -> { "two stored: #{process.everything_said}" }) { app.inbound_emails.size == before + 2 }
      expect_read
      expect(app.inbound_emails.last(2).map(&:last)).to contain_exactly("550@example.com", "551@example.com")
      process
    end

    it "posts to the app's relay ingress" do
      five_minutes
      url = serve
      process = stored_from(url)
      expect(checked(url).map { |step| [step.id, step.status] })
        .to eq([["action_mailbox.answered", :ok], ["action_mailbox.credentials", :ok]])
      expect(app.inbound_emails.last(2).size).to eq(2)
      line = process.log.find { |each| each["action"] == "message pushed" }
      expect(line).to include("delivery_method" => "ActionMailbox", "status_code" => 204,
                              "url" => "#{url}/rails/action_mailbox/relay/inbound_emails")
      expect(process.everything_said).not_to include("hidden")
    end

    { "the password is wrong" => [{ password: "another" }, /answered 401.*ingress_password/,
                                  "action_mailbox.credentials", /ingress_password/],
      "the app has another ingress" => [{ configured: false }, /answered 404.*config\.action_mailbox\.ingress = :relay/,
                                        "action_mailbox.answered", /config\.action_mailbox\.ingress = :relay/] }
      .each do |trouble, (options, error, id, fix)|
      it "keeps the message and says which line of the app to look at when #{trouble}" do
        five_minutes
        url = serve(**options)
        dovecot.append(user, Mails.plain(560))
        process = mail_room(relay(url))
        expect(process.await_log("Delivery paused", 120)["error"]).to match(error)
        expect(dovecot.uids(user, "UNSEEN").size).to eq(1)
        expect(app.inbound_emails.map(&:last)).not_to include("560@example.com")
        expect(checked(url).last.to_h).to include(id: id, status: :failed, fix: fix)
        expect(process.everything_said).not_to include("hidden")
      end
    end
  end
end
