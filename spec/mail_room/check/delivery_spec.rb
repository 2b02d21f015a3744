# frozen_string_literal: true

require "time"
require "tmpdir"

RSpec.describe MailRoom::Check::Delivery do
  include Checking

  around { |example| Dir.mktmpdir { |dir| Dir.chdir(dir) { example.run } } }

  def mailbox(method, **options)
    { email: "a@b.c", password: "x", host: "127.0.0.1", port: ServerProcess.free_port, name: "INBOX", delivery_method: method,
      delivery_options: options }
  end

  describe "postback" do
    before { File.write("secret", ["s" * 32].pack("m0")) }

    def endpoint(**options)
      mailbox("postback", delivery_url: "#{@server.url}/in?key=hidden", jwt_auth_header: "Api", jwt_secret_path: File.expand_path("secret"),
                          **options)
    end

    def answering(status, headers = {})
      @server = HttpServer.new { [status, headers, ""] }.start
      yield
    ensure
      @server.stop
    end

    it "asks for HEAD with a token, and posts nothing" do
      answering(405) do
        steps = steps_of(endpoint).select { |step| step.id.start_with?("postback.") }
        expect(steps.map { |step| [step.question, step.status, step.detail] }).to eq(
          [["Delivery endpoint answers?", :ok, "HEAD: 405"], ["Delivery endpoint takes our credentials?", :ok, nil]]
        )
        expect(@server.requests.map(&:verb)).to eq(["HEAD"])
        expect(@server.requests.first.headers["api"].split(".").size).to eq(3)
      end
    end

    {
      401 => [:failed, "postback.credentials", "it answers 401", /jwt_secret_path .*secret\) holds the same secret as the app's/],
      404 => [:warning, "postback.answered", /it answers HEAD with 404/, /path of delivery_url/],
      302 => [:failed, "postback.answered", "it redirects (302)", /Set delivery_url to where it redirects to/],
      501 => [:warning, "postback.answered", /HEAD with 501/, /delivery_url/],
      503 => [:failed, "postback.answered", "it answers 503", /See the app's log/]
    }.each do |answer, (status, id, detail, fix)|
      it "judges #{answer}" do
        answering(answer) do
          expect(step_of(id, endpoint).to_h).to include(status: status, detail: detail, fix: fix)
        end
      end
    end

    it "says which credentials to check where there is no token" do
      answering(403) do
        expect(step_of("postback.credentials", endpoint(jwt_auth_header: nil)).fix).to eq("Check delivery_token, or username and password")
      end
    end

    it "says that nobody answers, and no secret" do
      @server = HttpServer.new
      lines = lines_of("postback.answered", endpoint)
      expect(lines).to match([/Delivery endpoint answers\? ... no/, /Connection refused/, /Check delivery_url, and that the app runs/])
      expect(lines.join).not_to include("hidden")
    end

    it "compares the clocks that tokens are judged by" do
      { 0 => [:ok, nil], -3600 => [:warning, /\Aours is (359\d|360\d) s ahead/], 3600 => [:warning, /\Aours is (359\d|360\d) s behind/] }
        .each do |ahead, (status, detail)|
        answering(200, { "Date" => (Time.now + ahead).httpdate }) do
          expect(step_of("postback.clock", endpoint).to_h.values_at(:status, :detail)).to match([status, detail])
          expect(steps_of(endpoint(jwt_auth_header: nil)).map(&:id)).not_to include("postback.clock")
        end
      end
    end

    it "goes on without an address, and says that watching will not" do
      box = { **mailbox("postback"), logger: { log_path: "/none/x.log" } }
      expect(step_of("postback.answered", box).to_h)
        .to include(status: :warning, detail: /delivery_url is not set/, fix: /external_url in gitlab\.rb/)
      expect(step_of("log", box).status).to eq(:failed)
    end

    it "says that there is no secret" do
      answering(200) do
        expect(step_of("postback.answered", endpoint(jwt_secret_path: "/none")).detail).to match(%r{jwt_secret_path /none cannot be read})
      end
    end
  end

  describe "action_mailbox" do
    # What a real Rails answers is in spec/end_to_end/rails_spec.rb.
    { 403 => /config\.hosts/, 500 => /See the app's log/, 204 => /Check that url is the app's address/, 302 => /Check that url/ }
      .each do |status, fix|
      it "judges #{status}" do
        @server = HttpServer.new { [status, {}, ""] }.start
        step = step_of("action_mailbox.answered", mailbox("action_mailbox", url: @server.url, password: "hidden"))
        expect(step.to_h).to include(status: :failed, detail: "it answers #{status}", fix: fix)
        expect(@server.requests.map { |request| [request.verb, request.path, request.body, request.headers["content-type"]] })
          .to eq([["POST", "/rails/action_mailbox/relay/inbound_emails", "", "text/plain"]])
      ensure
        @server.stop
      end
    end

    it "cannot tell from outside what a Rails app has" do
      expect(step_of("rails.app", mailbox("action_mailbox")).to_h).to include(status: :warning, answer: "no", detail: /not the app/)
      expect(step_of("rails.app", mailbox("active_job", job_class: "AJob")).to_h).to include(status: :warning, answer: "no")
    end
  end

  describe "que" do
    def table(database, **options)
      mailbox("que", host: postgres.host, port: postgres.port, username: postgres.username, password: TestPostgres::PASSWORD,
                     database: database, job_class: "J", **options)
    end

    %i[que0 que2].each do |kind|
      it "finds a table of #{kind}, and adds no row" do
        database = postgres.new_database(kind)
        steps = steps_of(table(database)).select { |step| step.id.start_with?("que.") }
        expect(steps.map { |step| [step.question, step.status] }).to eq(
          [["PostgreSQL can be reached?", :ok], ["PostgreSQL takes writes?", :ok], ["Table que_jobs takes jobs?", :ok],
           ["Sequence of que_jobs gives numbers?", :ok]]
        )
        expect(postgres.rows("SELECT count(*) FROM que_jobs", database: database)).to eq([["0"]])
      end
    end

    it "says that the password is wrong, and not which" do
      lines = lines_of("que.connected", table("mail_room", password: "hidden"))
      expect(lines).to match([/PostgreSQL can be reached\? ... no/, /28P01.*correct username and password/, /Try fixing it: /])
      expect(lines.join).not_to include("hidden")
    end

    it "says that there is no table" do
      postgres.rows("CREATE DATABASE empty_one OWNER mail_room")
      expect(lines_of("que.table", table("empty_one"))).to match(
        [/Table que_jobs takes jobs\? ... no/, /42P01/, /Try fixing it: Run que's migrations in this database/]
      )
    end

    it "says that we may not write into it" do
      database = postgres.new_database
      postgres.rows("ALTER TABLE que_jobs OWNER TO postgres; REVOKE ALL ON que_jobs FROM mail_room", database: database)
      expect(step_of("que.table", table(database)).detail).to match(/42501.*GRANT INSERT/)
    end

    %i[que0 que2].each do |kind|
      it "says that the sequence may not be used in the table of #{kind}" do
        database = postgres.new_database(kind)
        sequence = postgres.rows("SELECT relname FROM pg_class WHERE relkind = 'S' AND relname LIKE 'que_jobs%'", database: database)[0][0]
        postgres.rows("ALTER TABLE que_jobs OWNER TO postgres; GRANT INSERT, SELECT ON que_jobs TO mail_room; " \
                      "REVOKE ALL ON SEQUENCE #{sequence} FROM mail_room", database: database)
        expect(step_of("que.sequence", table(database)).to_h)
          .to include(status: :failed, detail: /42501.*USAGE on its sequence/, fix: /GRANT USAGE/)
        postgres.rows("GRANT USAGE ON SEQUENCE #{sequence} TO mail_room", database: database)
        expect(step_of("que.sequence", table(database)).status).to eq(:ok)
      end
    end

    it "says that it is read only" do
      database = postgres.new_database
      postgres.rows("ALTER DATABASE #{database} SET default_transaction_read_only = on")
      expect(step_of("que.writable", table(database)).to_h).to include(status: :failed, detail: /25006.*point host to the primary/)
    end
  end

  it "says whether a log can be written" do
    expect(step_of("delivery.log", mailbox("logger", log_path: File.expand_path("new.log"))).status).to eq(:ok)
    expect(lines_of("delivery.log", mailbox("logger", log_path: "/none/x.log")))
      .to match([/Messages can be written\? ... no/, "    /none does not exist", /is this the user that mail_room runs as\?/])
    expect(step_of("log", { **mailbox("noop"), logger: { log_path: "/none/x.log" } }).question).to eq("Log file can be written?")
    expect(File.exist?("new.log")).to be(false)
  end
end
