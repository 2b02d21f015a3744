# frozen_string_literal: true

# Certificates: what verifies is used, what does not is never shown a password.
RSpec.describe "TLS", :servers do
  let(:user) { dovecot.new_user }

  def secure(**rest)
    mailbox(user, port: dovecot.tls_port, **rest)
  end

  { "TLS" => { ssl: true }, "STARTTLS" => { ssl: false, start_tls: true } }.each do |name, options|
    it "does not log in over #{name} when the certificate does not verify, and says what to do" do
      port = options[:start_tls] ? dovecot.port : dovecot.tls_port
      process = mail_room(mailbox(user, port: port, **options))
      line = process.await_log("Disconnected. Resetting...")
      expect(line["error"]).to include("127.0.0.1", "ca_file")
      expect(process.log.map { |entry| entry["action"] }).not_to include("Logging into mailbox")
    end
  end

  it "delivers over TLS and over STARTTLS with an own authority" do
    dovecot.append(user, Mails.plain(1))
    mail_room(secure(ssl: { ca_file: dovecot.ca_file }))
    wait_until(20, "a job") { delivered.size == 1 }

    other = dovecot.new_user
    dovecot.append(other, Mails.plain(2))
    process = mail_room(mailbox(other, ssl: { ca_file: dovecot.ca_file }, start_tls: true))
    wait_until(20, "another job") { delivered.size == 2 }
    expect(process.await_log("Starting TLS session")).to include("severity" => "INFO")
  end

  it "takes any certificate when told to" do
    dovecot.append(user, Mails.plain(1))
    mail_room(secure(ssl: { verify_mode: "none" }))
    wait_until(20, "a job") { delivered.size == 1 }
  end
end
