# frozen_string_literal: true

# Messages as jobs of Delayed Job, whose Active Job adapter keeps them in the app's database: a real PostgreSQL.
RSpec.describe "delivery_method active_job with a database", :servers do
  before(:context) do
    @postgres = TestPostgres.new.start
    @app = RailsApp.new.create
    @app.gemfile("rails", "pg", "delayed_job_active_record", "gitlab-mail_room\", require: \"mail_room")
    # One connection, which every mailbox has to give back after each message.
    @app.write("config/database.yml", <<~YAML)
      development:
        adapter: postgresql
        host: #{@postgres.host}
        port: #{@postgres.port}
        database: mail_room
        username: #{@postgres.username}
        password: #{TestPostgres::PASSWORD}
        pool: 1
        checkout_timeout: 3
    YAML
    development = "config/environments/development.rb"
    @app.write(development, @app.read(development).sub(/^end\s*\z/, "config.active_job.queue_adapter = :delayed_job\nend\n"))
    @app.write("app/jobs/incoming_mail_job.rb", <<~RUBY)
      class IncomingMailJob < ApplicationJob
        before_enqueue { throw :abort if arguments.first.include?("Subject: Spam") }

        def perform(source)
          Rails.logger.info "Incoming mail: \#{Mail.new(source).subject}"
        end
      end
    RUBY
    @app.write("script/mail_room.rb", <<~RUBY)
      configuration = MailRoom::Configuration.new(config_path: Rails.root.join("config/mail_room.yml").to_s)
      coordinator = MailRoom::Coordinator.new(configuration.mailboxes)
      %w[INT TERM].each { |signal| trap(signal) { coordinator.quit } }
      coordinator.run
    RUBY
    @app.run("bundle install")
    @app.run("bin/rails generate delayed_job:active_record")
    @app.run("bin/rails db:migrate")
  end

  after(:context) do
    @app&.remove
    @postgres&.remove
  end

  before { @postgres.rows("DELETE FROM delayed_jobs") }

  after do
    @app.stop
    @postgres.start unless @postgres.alive?
  end

  let(:users) { %w[shop office].map { |name| dovecot.new_user(name) } }

  def watch(**options)
    boxes = users.map do |user|
      mailbox(user, delivery_method: "active_job", delivery_options: { job_class: "IncomingMailJob", queue: "mails" },
                    arbitration_method: "noop", arbitration_options: {}, logger: { log_path: "log/mail_room.log" }, **options)
    end
    @app.write("config/mail_room.yml", YAML.dump(mailboxes: boxes))
    @app.write("log/mail_room.log", "")
    @app.start("bin/rails runner script/mail_room.rb")
  end

  def log = @app.read("log/mail_room.log").lines.map { |line| JSON.parse(line) }

  def said(process) = "#{process.output[-2000..] || process.output}#{log.last(20).join("\n")}"

  # The subjects of what was enqueued. As Active Job writes them, the arguments are in YAML.
  def jobs
    @postgres.rows("SELECT handler FROM delayed_jobs WHERE queue = 'mails' ORDER BY id")
      .map { |(handler)| YAML.unsafe_load(handler.sub(/\A.*$/, "---")).dig("job_data", "arguments", 0)[/^Subject: (.*?)\r?$/, 1] }
  end

  def stored = @postgres.rows("SELECT count(*) FROM delayed_jobs").dig(0, 0).to_i

  def fill(range)
    range.map { |number| Mails.plain(number).tap { |mail| users.each { |user| dovecot.append(user, mail) } } }
    (range.map { |number| "Mail #{number}" } * 2).tally
  end

  def unseen = users.sum { |user| dovecot.uids(user, "UNSEEN").size }

  it "enqueues each message once, and gives the connection back" do
    subjects = fill(1..40)
    process = watch
    wait_until(120, -> { "all to be read, not #{unseen}: #{said(process)}" }) { unseen.zero? }
    expect(jobs.tally).to eq(subjects)
    expect(log.map { |line| line["action"] }).not_to include("Delivery failed", "Delivery paused")
    # Nobody is left in a transaction.
    busy = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'mail_room' AND state <> 'idle' AND pid <> pg_backend_pid()"
    expect(@postgres.rows(busy)).to eq([["0"]])
    @app.run("bin/rails jobs:workoff")
    expect(@app.read("log/development.log").scan(/Incoming mail: (Mail \d+)/).flatten.tally).to eq(subjects)
  end

  it "waits for a database that is away, and keeps every message" do
    process = watch(max_delivery_attempts: 2)
    subjects = fill(1..1)
    wait_until(120, -> { "the first: #{said(process)}" }) { unseen.zero? }
    @postgres.stop
    subjects.merge!(fill(2..30))
    wait_until(60, -> { "a pause: #{said(process)}" }) { log.count { |line| line["action"] == "Delivery paused" } >= 2 }
    expect(unseen).to eq(58)
    @postgres.start
    wait_until(120, -> { "all to be read: #{said(process)}" }) { unseen.zero? }
    expect(jobs.tally).to eq(subjects)
    expect(log.map { |line| line["action"] }).not_to include("Message set aside")
  end

  it "sets aside what a callback of the job keeps from being enqueued, and never counts it as delivered" do
    spam = "Subject: Spam\r\nMessage-ID: <spam@example.com>\r\n\r\nx"
    users.each { |user| dovecot.append(user, spam) }
    subjects = fill(1..5)
    process = watch(failed_mailbox: "Failed", max_delivery_attempts: 2)
    failed = -> { users.map { |user| dovecot.messages(user, mailbox: "Failed").map(&:body) rescue [] } } # rubocop:disable Style/RescueModifier
    wait_until(120, -> { "the spam to be set aside: #{said(process)}" }) { failed.call == [[spam], [spam]] }
    wait_until(20, "all others to be read") { unseen.zero? }
    expect(jobs.tally).to eq(subjects)
    expect(log.map { |line| line["error"] }.compact.first).to include("ActiveJob#deliver returned false or nil")
  end

  it "loses nothing when it is killed" do
    subjects = fill(1..150)
    kills = [10, 100].map do |enough|
      process = watch
      wait_until(120, -> { "#{enough} jobs: #{said(process)}" }) { stored >= enough }
      process.kill9
    end
    process = watch
    wait_until(120, -> { "all to be read: #{said(process)}" }) { unseen.zero? }
    tally = jobs.tally
    expect(tally.keys).to match_array(subjects.keys)
    # Each kill may come between a message's job and its mark.
    expect(tally.values.sum).to be_between(300, 300 + (kills.size * users.size * 16))
    expect(subjects.all? { |subject, times| tally[subject] >= times }).to be(true)
  end
end
