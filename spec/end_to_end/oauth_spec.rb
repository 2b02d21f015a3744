# frozen_string_literal: true

require "json"

# Logins with tokens, at a real Dovecot that asks an authorization server of ours what a token is worth.
RSpec.describe "logging in with tokens", :servers do
  before(:context) do
    @user = "tokens@example.com"
    @authority = AuthorizationServer.new(@user)
    @imap = TestDovecot.new(introspection: @authority.introspection_url).start
  end

  after(:context) do
    @imap&.remove
    @authority&.stop
  end

  let(:authority) { @authority }
  let(:user) { @user }
  let(:folder) { Dir.mktmpdir }

  before do
    authority.answer = nil
    authority.life = 3600
    authority.revoke_all
    @asked_before = authority.asked.size
    @shown_before = authority.shown.size
  end

  after { FileUtils.remove_entry(folder) }

  def asked = authority.asked.drop(@asked_before)

  def shown = authority.shown.drop(@shown_before)

  def with(auth) = mailbox(user, server: @imap, auth: auth).except(:password)

  def client(**rest) = { token_url: authority.token_url, client_id: "app", client_secret: "cl1ent-secret", scope: "imap" }.merge(rest)

  def expect_delivery(process)
    before = redis.call("LLEN", "queue:mails")
    @imap.append(user, Mails.plain(@mails = @mails.to_i + 1))
    wait_until(20, -> { "a job: #{process.everything_said[-2000..] || process.everything_said}" }) do
      redis.call("LLEN", "queue:mails") == before + 1
    end
    wait_until(20, "the mail to be seen") { @imap.uids(user, "UNSEEN").empty? }
  end

  def refusals(process) = process.log.select { |line| line["action"] == "Disconnected. Resetting..." }

  %w[xoauth2 oauthbearer].each do |mechanism|
    it "delivers with #{mechanism} and the application's own credentials, which are in no log" do
      process = mail_room(with(client(mechanism: mechanism)))
      expect_delivery(process)
      expect(asked).to eq([{ "grant_type" => "client_credentials", "client_id" => "app", "client_secret" => "cl1ent-secret",
                             "scope" => "imap" }])
      expect(process.term.exitstatus).to eq(0)
      expect(process.everything_said).not_to match(/cl1ent-secret|t0ken|#{@imap.password}/)
    end
  end

  it "keeps a token over a lost connection, and has another when the server does not take it any more" do
    process = mail_room(with(client))
    expect_delivery(process)
    @imap.kick(user)
    wait_until(20, "it to be back") { shown.size == 2 }
    expect_delivery(process)
    expect(asked.size).to eq(1)

    authority.revoke_all
    @imap.kick(user)
    expect_delivery(process)
    expect([asked.size, shown.uniq.size]).to eq([2, 2])
    expect(refusals(process).map { |line| line["error"] }).not_to include(/login refused/)
  end

  it "has another token for each login where they do not last, for a refresh token" do
    authority.life = 0
    process = mail_room(with(client(refresh_token: "r3fresh")))
    expect_delivery(process)
    @imap.kick(user)
    wait_until(20, "another") { asked.size == 2 }
    expect(asked.last).to include("grant_type" => "refresh_token", "refresh_token" => "r3fresh")
    expect_delivery(process)
    expect(shown.uniq.size).to eq(2)
  end

  it "reads a file for every login" do
    File.write(file = File.join(folder, "token"), "#{authority.issue_token}\n")
    process = mail_room(with({ token_file: file }))
    expect_delivery(process)
    authority.revoke_all
    File.write(file, authority.issue_token)
    @imap.kick(user)
    expect_delivery(process)
    expect(process.everything_said).not_to include("t0ken")
  end

  it "runs a program for every login, and no shell" do
    File.write(file = File.join(folder, "token"), authority.issue_token)
    process = mail_room(with({ token_command: "cat '#{file}'" }))
    expect_delivery(process)
    other = mail_room(with({ token_command: "cat #{file}; touch #{folder}/harm" }))
    expect(other.await_log("Disconnected. Resetting...")["error"]).to include("token_command cat failed")
    expect(Dir.children(folder)).to eq(["token"])
  end

  it "kills a program that hangs when it is told to stop" do
    process = mail_room(with({ token_command: ["sh", "-c", "echo $$ > #{folder}/pid; sleep 1000"] }))
    wait_until(20, "the program") { File.size?("#{folder}/pid") }
    pid = File.read("#{folder}/pid").to_i
    expect(process.term(5).exitstatus).to eq(0)
    wait_until(5, "the program's end") { !File.exist?("/proc/#{pid}") || File.read("/proc/#{pid}/stat").include?(") Z ") }
  end

  it "tells what the server says of a token that it does not take, and asks ever more seldom" do
    authority.answer = [200, {}, JSON.generate(access_token: "ya29.t0ken-bad", expires_in: 3600)]
    process = mail_room(with(client))
    wait_until(30, "two tries") { refusals(process).size >= 2 }
    first, second = refusals(process)
    expect(first["error"]).to match(/127\.0\.0\.1:#{@imap.port}: login refused, check email.*scope/).and include('"status"')
    expect([first["backoff_s"], second["backoff_s"]]).to match([be_between(2.4, 5), be_between(4.9, 10)])
    expect(process).to be_alive
    expect(process.everything_said).not_to match(/t0ken|cl1ent-secret/)
  end

  it "tells what the authorization server says, without the secret" do
    authority.answer = [401, {}, JSON.generate(error: "invalid_client", error_description: "AADSTS7000215: cl1ent-secret is wrong")]
    process = mail_room(with(client))
    line = process.await_log("Disconnected. Resetting...")
    expect(line["error"]).to match(/invalid_client: AADSTS7000215: \[secret\] is wrong\); check client_id/)
      .and start_with("#{authority.token_url}: there is no token: it answered 401")
    authority.answer = nil
    expect_delivery(process)
    expect(process.everything_said).not_to include("cl1ent-secret")
  end

  it "lets the other mailboxes be while an authorization server does not answer" do
    silent = HttpServer.new { :hang }.start
    File.write(file = File.join(folder, "token"), authority.issue_token)
    process = mail_room(with(client(token_url: "#{silent.url}/token")).merge(name: "Other"), with({ token_file: file }))
    wait_until(10, "the request") { silent.requests.any? }
    expect_delivery(process)
    expect(process.term(5).exitstatus).to eq(0)
  ensure
    silent&.stop
  end

  describe "trying it out" do
    include Checking

    it "gets a token and logs in with it" do
      steps = steps_of(with(client(refresh_token: "r3fresh", mechanism: "xoauth2")))
      found = steps.select { |step| %w[imap.token imap.logged_in imap.unread].include?(step.id) }
      expect(found.map { |step| [step.id, step.status] }).to eq([["imap.token", :ok], ["imap.logged_in", :ok], ["imap.unread", :ok]])
    end

    it "says whether it is the token's source or the token" do
      none = lines_of("imap.token", with({ token_file: File.join(folder, "none") })).join
      expect(none).to include("Token can be had? ... no", "Check auth")
      File.write(file = File.join(folder, "token"), "ya29.hidden")
      lines = lines_of("imap.logged_in", with({ token_file: file })).join
      expect(lines).to include("IMAP server credentials are correct? ... no", "the token is for this mailbox")
      expect(lines).not_to include("hidden")
    end
  end
end
