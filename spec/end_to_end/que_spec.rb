# frozen_string_literal: true

require "base64"
require "stringio"

# Messages as rows of que's table, in a real PostgreSQL.
RSpec.describe "delivery_method que", :servers do
  let(:user) { dovecot.new_user }
  let(:database) { postgres.new_database }

  after { @own&.each(&:remove) }

  # One that may be stopped: others use the shared one.
  def own_postgres(**options)
    (@own ||= []) << TestPostgres.new(**options).start
    @own.last
  end

  def queueing(delivery_options = {}, server: postgres, database: self.database, **rest)
    options = { host: server.host, port: server.port, database: database, username: server.username, password: TestPostgres::PASSWORD,
                job_class: "EmailReceiverJob" }
    mailbox(user, delivery_method: "que", delivery_options: options.merge(delivery_options).compact,
                  arbitration_method: "noop", arbitration_options: {}, **rest)
  end

  def fill(count)
    mails = Array.new(count) { |number| Mails.plain(number) }
    mails.each { |mail| dovecot.append(user, mail) }
    mails
  end

  def unseen = dovecot.uids(user, "UNSEEN")

  # Our connections.
  def ours = "datname = '#{database}' AND application_name = 'mail_room'"

  # The messages in the table, as text.
  def stored(server = postgres, database = self.database)
    rows = server.rows("SELECT encode(convert_to(args::text, 'UTF8'), 'base64') FROM que_jobs", database: database)
    rows.map { |(args)| JSON.parse(Base64.decode64(args).force_encoding("UTF-8")).first }
  end

  def count(server = postgres, database = self.database)
    server.rows("SELECT count(*) FROM que_jobs", database: database)[0][0].to_i
  end

  def expect_all(mails, process, deadline = 60)
    wait_until(deadline, -> { "all to be seen: #{process.everything_said[-3000..] || process.everything_said}" }) { unseen.empty? }
    expect(stored.tally).to eq(mails.tally)
    expect(process.everything_said).not_to include(TestPostgres::PASSWORD)
  end

  # The row's columns, exact, in the tables of all versions of que.
  TestPostgres::TABLES.each_key do |tables|
    it "stores the text as the original does in the table of #{tables}" do
      database = postgres.new_database(tables)
      mails = Mails.assorted(40).reject.with_index { |_, number| number % 10 == 4 }
      mails.each { |mail| dovecot.append(user, mail) }
      process = mail_room(queueing({ queue: "mails", priority: 7 }, database: database))
      wait_until(30, -> { "all to be seen: #{process.everything_said}" }) { unseen.empty? }
      text = mails.map do |mail|
        utf8 = mail.dup.force_encoding("UTF-8")
        utf8.valid_encoding? ? utf8 : mail.encode("UTF-8", "ISO-8859-1")
      end
      expect(stored(postgres, database).tally == text.tally).to be(true) # megabytes that nobody wants to see
      expect(postgres.rows("SELECT DISTINCT priority, job_class, queue, json_array_length(args::json), error_count FROM que_jobs",
                           database: database)).to eq([%w[7 EmailReceiverJob mails 1 0]])
      pushed = process.log.select { |line| line["action"] == "message pushed" }
      expect(pushed.map { |line| line.except("time", "severity") }.tally)
        .to eq({ { "delivery_method" => "Que", "action" => "message pushed" } => 36 })
    end
  end

  it "loses nothing and stores nothing twice while PostgreSQL is away for ten seconds" do
    server = own_postgres
    database = server.new_database
    mails = fill(2000)
    process = mail_room(queueing(server: server, database: database))
    wait_until(20, "some rows") { count(server, database) >= 200 }
    server.kill9
    paused = -> { process.log.select { |line| line["action"] == "Delivery paused" }.sum { |line| line["backoff_s"] } }
    wait_until(40, "ten seconds of pauses") { paused.call > 10 }
    server.start
    wait_until(60, -> { "all to be seen: #{process.everything_said[-2000..]}" }) { unseen.empty? }
    rows = stored(server, database).tally
    expect(rows.keys).to match_array(mails)
    # Those whose acknowledgement was cut off may be there twice: one statement's.
    expect(rows.values.sum).to be <= 2100
  end

  it "loses nothing when it is killed" do
    mails = fill(2000)
    [200, 800].each do |least|
      process = mail_room(queueing)
      wait_until(20, "some rows") { count >= least }
      process.kill9
    end
    process = mail_room(queueing)
    wait_until(60, -> { "all to be seen: #{process.everything_said}" }) { unseen.empty? }
    rows = stored.tally
    expect(rows.keys).to match_array(mails)
    expect(rows.values.max).to be <= 3
  end

  # P0001: nobody knows whose fault that is. 22000: the message's.
  { "raises" => "P0001", "refuses" => "22000" }.each do |what, code|
    it "sets aside what a trigger #{what}, and stores the others" do
      mails = fill(20)
      postgres.rows(<<~SQL, database: database)
        CREATE FUNCTION object() RETURNS trigger AS $$
          BEGIN
            IF NEW.args::text LIKE '%Message-ID: <3@%' THEN
              RAISE EXCEPTION 'a secret of %', NEW.args USING ERRCODE = '#{code}';
            END IF;
            RETURN NEW;
          END
        $$ LANGUAGE plpgsql;
        CREATE TRIGGER object BEFORE INSERT ON que_jobs FOR EACH ROW EXECUTE PROCEDURE object();
      SQL
      process = mail_room(queueing(max_delivery_attempts: 2, delete_after_delivery: true, expunge_deleted: true))
      line = process.await_log("Message set aside", 60)
      wait_until(20, "the others to be gone") { dovecot.uids(user).size == 1 }
      expect(dovecot.uids(user, "FLAGGED SEEN UNDELETED").size).to eq(1)
      expect(stored).to match_array(mails.reject { |mail| mail.include?("Mail 3\r") })
      expect(line["error"]).to include("PostgreSQL at 127.0.0.1:#{postgres.port}, database #{database} answered #{code}")
      expect(process.everything_said).not_to include("Line of mail 3")
    end
  end

  it "waits for the table, and takes its absence for no message's fault" do
    postgres.rows("ALTER TABLE que_jobs RENAME TO away", database: database)
    mails = fill(5)
    process = mail_room(queueing(max_delivery_attempts: 1))
    expect(process.await_log("Delivery paused")["error"]).to match(/42P01 relation "que_jobs" does not exist; create the table of que/)
    postgres.rows("ALTER TABLE away RENAME TO que_jobs", database: database)
    expect_all(mails, process)
  end

  it "calls off what waits for a locked table, so that it is not stored twice" do
    mails = fill(5)
    IO.popen(["psql", "-qAtX", "-h", postgres.dir, "-p", postgres.port.to_s, "-U", "postgres", "-d", database], "r+") do |psql|
      psql.puts("BEGIN; LOCK TABLE que_jobs; SELECT 'locked';")
      expect(psql.gets).to eq("locked\n")
      process = mail_room(queueing({ timeout: 1 }))
      expect(process.await_log("Delivery paused")["error"]).to include("57014", "check for locks on the table")
      wait_until(20, "a second pause") { process.log.count { |line| line["action"] == "Delivery paused" } >= 2 }
      psql.puts("COMMIT;")
      psql.close_write
      expect_all(mails, process)
    end
  end

  it "ends in time while PostgreSQL hangs" do
    server = own_postgres
    database = server.new_database
    mails = fill(10)
    server.pause
    process = mail_room(queueing(server: server, database: database))
    process.await_log("sending to deliverer")
    expect(process.term(30)).to be_success
    server.resume
    expect(unseen.size).to eq(10)
    mail_room(queueing(server: server, database: database))
    wait_until(60, "all to be seen") { unseen.empty? }
    expect(stored(server, database).tally).to eq(mails.tally)
  end

  it "pauses while the password is refused, and shows none" do
    fill(1)
    process = mail_room(queueing({ password: "hidden-wrong" }))
    expect(process.await_log("Delivery paused")["error"])
      .to include("28P01 password authentication failed for user \"mail_room\"; correct username and password")
    expect(process.everything_said).not_to include("hidden")
    expect([unseen.size, count]).to eq([1, 0])
  end

  it "encrypts with whomever, with the right authority's server, with the right host" do
    encrypted = lambda do
      postgres.rows("SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE #{ours}")
    end
    ca = postgres.certificates.ca_file
    [{}, { sslmode: "require" }, { sslmode: "verify-ca", sslrootcert: ca }, { sslmode: "verify-full", sslrootcert: ca, host: "localhost" },
     { sslmode: "disable" }].each_with_index do |options, number|
      dovecot.append(user, Mails.plain(number))
      process = mail_room(queueing(options))
      wait_until(20, -> { "a row: #{process.everything_said}" }) { count == number + 1 }
      expect([options, encrypted.call]).to eq([options, [[options[:sslmode] == "disable" ? "f" : "t"]]])
      process.term
    end
  end

  it "sends nothing to a server that does not verify" do
    fill(1)
    other = Certificates.new(Dir.mktmpdir)
    { { sslmode: "verify-full" } => /certificate is not trusted.*sslrootcert/,
      { sslmode: "verify-ca", sslrootcert: other.ca_file } => /certificate is not trusted.*sslrootcert/ }.each do |options, error|
      process = mail_room(queueing(options))
      expect(process.await_log("Delivery paused")["error"]).to match(error)
      process.term
    end
    expect(count).to eq(0)
  ensure
    FileUtils.remove_entry(other.dir)
  end

  it "shows its certificate, and goes without encryption where that is what the server wants" do
    server = own_postgres(client_certificates: true)
    database = server.new_database
    client = server.certificates.client
    File.chmod(0o600, client.key_file)
    fill(1)
    process = mail_room(queueing(server: server, database: database))
    expect(process.await_log("Delivery paused")["error"]).to match(/28000|certificate/)
    process.term
    process = mail_room(queueing({ sslcert: client.cert_file, sslkey: client.key_file }, server: server, database: database))
    wait_until(20, "a row") { count(server, database) == 1 }
    # It would take the next message, too.
    process.term

    plain = own_postgres(auth: "hostnossl all all 127.0.0.1/32 md5")
    database = plain.new_database
    dovecot.append(user, Mails.plain(2))
    mail_room(queueing(server: plain, database: database))
    wait_until(20, "a row") { count(plain, database) == 1 }
  end

  it "goes through the Unix socket" do
    mails = fill(3)
    expect_all(mails, mail_room(queueing({ host: postgres.dir, password: nil, sslmode: "verify-full" })))
  end

  it "shares a few connections among all mailboxes" do
    users = Array.new(30) { dovecot.new_user }
    boxes = users.map { |each| queueing(email: each) }
    users.each { |each| dovecot.append(each, Mails.plain(1)) }
    mail_room(*boxes)
    wait_until(30, -> { "30 rows, not #{count}" }) { count == 30 }
    connections = postgres.rows("SELECT count(*) FROM pg_stat_activity WHERE #{ours}")[0][0].to_i
    expect(connections).to be_between(1, 4)
  end

  def direct(options = {}, **rest)
    MailRoom::Delivery["que"].new(MailRoom::Delivery::Que::Options.new(MailRoom::Mailbox.new(queueing(options, **rest))))
  end

  # A column of jsonb cannot hold it, one of json can.
  { que0: "\0", que2: "\uFFFD" }.each do |tables, nul|
    it "stores U+0000 in the table of #{tables}" do
      database = postgres.new_database(tables)
      expect(direct({ database: database }).deliver("Subject: nul\r\n\r\nbefore\0after \\u0000\r\n")).to be(true)
      expect(stored(postgres, database)).to eq(["Subject: nul\r\n\r\nbefore#{nul}after \\u0000\r\n"])
    end
  end

  it "stores a message that is handed to the class directly" do
    log = StringIO.new
    expect(direct({}, logger: { log_path: log }).deliver("Subject: x\r\n\r\nGr\xFC\xDFe".b)).to be(true)
    expect(stored).to eq(["Subject: x\r\n\r\nGr\u00FC\u00DFe"])
    expect(JSON.parse(log.string)).to include("delivery_method" => "Que", "action" => "message pushed")
    expect { direct({ password: "hidden" }).deliver("x") }.to raise_error(MailRoom::DeliveryError) { |error|
      expect(error.message).to include("28P01")
      expect(error.message).not_to include("hidden")
    }
  end
end
