# frozen_string_literal: true

# Steps towards a Dovecot that asks an authorization server of ours what a token is worth.
RSpec.describe MailRoom::Check::Imap do
  include Checking

  before(:context) do
    @authority = AuthorizationServer.new("tokens@example.com")
    @imap = TestDovecot.new(introspection: @authority.introspection_url).start
  end

  after(:context) do
    @imap&.remove
    @authority&.stop
  end

  def mailbox(auth)
    { email: "tokens@example.com", host: @imap.host, port: @imap.port, ssl: false, name: "INBOX", delivery_method: "noop", auth: auth }
  end

  def client = { token_url: @authority.token_url, client_id: "app", client_secret: "hidden", scope: "imap" }

  it "logs in with a token" do
    steps = steps_of(mailbox(client))
    expect(steps.map { |step| [step.id, step.status] }).to include(["imap.token", :ok], ["imap.logged_in", :ok], ["imap.unread", :ok])
  end

  it "says that there is no token to be had, and no secret" do
    lines = lines_of("imap.token", mailbox(client.merge(token_url: "http://127.0.0.1:#{ServerProcess.free_port}/")))
    expect(lines).to match([/Token can be had\? ... no/, /Connection refused/, /Try fixing it: Check auth: /])
    expect(lines.join).not_to include("hidden")
  end

  it "says that the mail server does not take the token" do
    lines = lines_of("imap.logged_in", mailbox(token_command: %w[echo hidden]))
    expect(lines).to match([/IMAP server credentials are correct\? ... no/, /\S/,
                            /Try fixing it: Check email, scope and mechanism of auth/])
    expect(lines.join).not_to include("hidden")
  end
end
