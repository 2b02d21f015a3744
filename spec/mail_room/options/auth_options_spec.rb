# frozen_string_literal: true

require "pathname"

RSpec.describe MailRoom::AuthOptions do
  def native(**options) = described_class.to_native(options, where: "auth of Mailbox")

  def complaint(**options)
    native(**options)
    raise "accepted"
  rescue MailRoom::ConfigurationError => e
    expect(e.message).not_to include("hidden")
    e.message
  end

  let(:client) { { client_id: "app", client_secret: "hidden" } }

  it "takes a program as a list of words, or as text that no shell sees" do
    expect(native(token_command: ["/opt/my token", "--for", 7])).to eq(
      "mechanism" => "xoauth2", "token" => { "command" => ["/opt/my token", "--for", "7"] }
    )
    expect(native(token_command: "'/opt/my token' --for $USER; ls|x *")["token"])
      .to eq("command" => ["/opt/my token", "--for", "$USER;", "ls|x", "*"])
  end

  it "takes a file" do
    expect(native(mechanism: :OAUTHBEARER, token_file: Pathname("/run/token")))
      .to eq("mechanism" => "oauthbearer", "token" => { "file" => "/run/token" })
  end

  it "knows where Microsoft's tenants get their tokens" do
    grant = native(tenant_id: "contoso.onmicrosoft.com", **client)["token"]["grant"]
    expect(grant).to include("token_url" => "https://login.microsoftonline.com/contoso.onmicrosoft.com/oauth2/v2.0/token",
                             "scope" => "https://outlook.office365.com/.default", "client_id" => "app", "client_secret" => "hidden")
    personal = native(tenant_id: 12_345, client_id: 7, refresh_token: "hidden")["token"]["grant"]
    expect(personal).to include("scope" => /IMAP.AccessAsUser.All/, "client_id" => "7", "client_secret" => nil, "refresh_token" => "hidden",
                                "token_url" => %r{/12345/})
    abroad = native(tenant_id: "t", token_url: "https://login.microsoftonline.us/t/oauth2/v2.0/token", scope: "s", **client)
    expect(abroad["token"]["grant"]).to include("token_url" => /microsoftonline\.us/, "scope" => "s")
  end

  it "names what is wrong, and no secret" do
    expect(complaint).to include("auth of Mailbox", "exactly one source", "token_command")
    expect(complaint(token_file: "/hidden", token_command: "hidden")).to include("exactly one source")
    expect(complaint(token_file: "/hidden", **client)).to include("exactly one source")
    expect(complaint(token_file: "")).to include("Field :token_file", "path")
    ["", [], [nil], [""], "''", ["a\0hidden"]].each do |command|
      expect(complaint(token_command: command)).to include("Field :token_command", "a program")
    end
    expect(complaint(token_command: "'hidden")).to include("a quote that does not end")
    expect(complaint(token_command: { hidden: 1 })).to include("must be a string")
    expect(complaint(mechanism: "hidden", token_file: "/t")).to include("must be one of xoauth2, oauthbearer")
    expect(complaint(client_secret: "hidden", tenant_id: "t")).to include("Field :client_id", "is required")
    expect(complaint(client_id: "a", tenant_id: "t")).to include("Field :client_secret", "is required")
    expect(complaint(**client)).to include("Field :token_url", "tenant_id")
    expect(complaint(tenant_id: "t/../hidden", **client)).to include("Field :tenant_id")
    ["http://login.example.com/hidden", "ftp://hidden", "hidden", "https://", "https://a b/hidden"].each do |url|
      expect(complaint(token_url: url, **client)).to include("Field :token_url", "https")
    end
    expect(native(token_url: "http://127.0.0.1:1/t", **client)["token"]["grant"]).to include("token_url" => "http://127.0.0.1:1/t")
  end

  it "warns about keys nobody reads" do
    expect { native(token_file: "/t", tokenfile: "hidden") }
      .to output(/unknown option :tokenfile in auth is ignored \(did you mean :token_file\?\)/).to_stderr
  end

  it "makes a mailbox do without a password, and is never shown" do
    attributes = { email: "in@example.com", name: "inbox", delivery_method: "noop" }
    mailbox = MailRoom::Mailbox.new(auth: { "tenant_id" => "t", "client_id" => "app", "client_secret" => "hidden" }, **attributes)
    expect(mailbox.to_native).to include("password" => "", "auth" => include("mechanism" => "xoauth2"))
    expect([mailbox.inspect, mailbox.to_s].join).not_to include("hidden")
    expect { MailRoom::Mailbox.new(**attributes) }.to raise_error(MailRoom::ConfigurationError, /:password is required/)
    expect { MailRoom::Mailbox.new(auth: {}, **attributes) }.to raise_error(MailRoom::ConfigurationError, /exactly one source/)
    expect { MailRoom::Mailbox.new(auth: "hidden", **attributes) }.to raise_error(MailRoom::ConfigurationError, /Field :auth .* a mapping/)
  end
end
