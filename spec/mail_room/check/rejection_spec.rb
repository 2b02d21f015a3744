# frozen_string_literal: true

RSpec.describe MailRoom::Check::Rejection do
  include Checking

  def mailbox(server, **options)
    { email: "a@b.c", password: "x", host: "127.0.0.1", port: ServerProcess.free_port, name: "INBOX", delivery_method: "noop",
      matching: { address: "in+%{key}@in.example.com", unmatched: "reject" },
      rejection: { address: "127.0.0.1", port: server.port, from: "in@in.example.com", **options } }
  end

  def on(**options)
    server = TestSmtp.new(**options)
    yield server.start
  ensure
    server&.remove
  end

  it "logs in at the SMTP server, and sends nothing" do
    on(starttls: true, user: "u", password: "hidden") do |server|
      ours = { user_name: "u", password: "hidden", ssl: { ca_file: server.certificates.ca_file } }
      expect(step_of("rejection.logged_in", mailbox(server, **ours)).to_h)
        .to include(status: :ok, question: "SMTP server of rejection takes us?")
      expect(server.mails).to eq([])
      lines = lines_of("rejection.logged_in", mailbox(server, **ours, password: "hidden2"))
      expect(lines).to match([/SMTP server of rejection takes us\? ... no/, /535 to the login; correct user_name and password/,
                              /Try fixing it: Check address, port, starttls/])
      expect(lines.join).not_to include("hidden")
    end
  end

  it "says that it is not there" do
    server = Struct.new(:port).new(ServerProcess.free_port)
    expect(step_of("rejection.logged_in", mailbox(server)).detail).to match(/Connection refused.*check address and port/)
  end
end
