# frozen_string_literal: true

require "tempfile"

RSpec.describe MailRoom::RejectionOptions do
  def build(rejection, **rest)
    MailRoom::Mailbox.new({ email: "in@gl.test", password: "x", name: "INBOX", delivery_method: "noop",
                            matching: { address: "in+%{key}@gl.test", unmatched: "reject" }, rejection: rejection }.merge(rest))
  end

  def native(**rejection) = described_class.to_native(build(rejection))

  it "sends by the server beside us, from the mailbox's address, unless told otherwise" do
    expect(native).to include("per_sender" => 10, "in_all" => 100)
    expect(native["by"]).to include("method" => "smtp", "host" => "localhost", "port" => 25, "security" => "auto", "username" => nil,
                                    "from" => "in@gl.test", "timeout" => 30, "domain" => Socket.gethostname)
    expect(native["by"]["text"]).to include("%{reason}", "%{subject}", "%{mailbox}")
  end

  it "reads how the connection is secured" do
    security = { { starttls: true } => "start_tls", { starttls: false } => "plain", { starttls: "auto" } => "auto", { tls: true } => "tls" }
    expect(security.keys.to_h { |options| [options, native(**options)["by"]["security"]] }).to eq(security)
  end

  {
    { method: "pigeon" } => "Field :method in rejection of Mailbox (name \"INBOX\", email \"in@gl.test\") must be smtp or klass",
    { klass: String } => "must be a class with an instance method reject, not String",
    { klass: "Nobody::Knows" } => "there is no class Nobody::Knows; require its file first",
    { user_name: "u" } => "Field :password in rejection",
    { password: "hidden" } => "Field :user_name in rejection",
    { from: "nobody" } => "Field :from in rejection",
    { from: "a@b\r\nBcc: c@d" } => "Field :from in rejection",
    { starttls: "maybe" } => "Field :starttls in rejection",
    { template: "/nowhere/at/all" } => "email \"in@gl.test\") cannot be read: No such file",
    { max_per_sender: -1 } => "Field :max_per_sender in rejection",
    { port: "smtp" } => "Field :port in rejection",
    { domain: "a b" } => "Field :domain in rejection"
  }.each do |options, message|
    it "refuses #{options} and names the field" do
      expect { build(options) }.to raise_error(MailRoom::ConfigurationError) { |error|
        expect(error.message).to include(message)
        expect(error.message).not_to include("hidden")
      }
    end
  end

  it "refuses a template that is no text" do
    Tempfile.create("template") do |file|
      file.write("\xFF")
      file.close
      expect { build({ template: file.path }) }.to raise_error(MailRoom::ConfigurationError, /:template .* UTF-8/)
    end
  end

  it "belongs to unmatched: reject" do
    expect { build(nil) }.to raise_error(MailRoom::ConfigurationError, /:rejection .* is required where unmatched is reject/)
    expect { build({}, matching: nil) }.to raise_error(MailRoom::ConfigurationError, /:matching .* is required where there is rejection/)
    expect { build({}, matching: { address: "in+%{key}@gl.test" }) }.to output(/rejection of .* does nothing/).to_stderr
  end

  it "shows no password" do
    expect(build({ user_name: "u", password: "hidden" }).inspect).not_to include("hidden")
  end
end
