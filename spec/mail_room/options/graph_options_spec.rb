# frozen_string_literal: true

RSpec.describe MailRoom::GraphOptions do
  def options(**rest) = { tenant_id: "tenant", client_id: "client", client_secret: "s3cret" }.merge(rest)

  def build(inbox_options = options, **rest)
    MailRoom::Mailbox.new({ email: "in@example.com", name: "inbox", inbox_method: "microsoft_graph", inbox_options: inbox_options,
                            delivery_method: "noop" }.merge(rest))
  end

  def native(**rest) = build(options(**rest)).to_watch["graph"]

  it "needs no more than who we are" do
    mailbox = build
    expect([mailbox.microsoft_graph?, mailbox.imap?]).to eq([true, false])
    expect(mailbox.to_watch["graph"])
      .to eq("tenant_id" => "tenant", "client_id" => "client", "client_secret" => "s3cret", "poll_interval" => 60, "delta" => false,
             "azure_ad_endpoint" => "https://login.microsoftonline.com", "graph_endpoint" => "https://graph.microsoft.com")
    expect(mailbox.inspect).not_to include("s3cret")
  end

  it "does not look at what is of IMAP" do
    nulls = %i[password host port search_command idle_timeout].to_h { |key| [key, nil] }
    expect(build(**nulls).to_watch).to eq(build.to_watch)
    expect(build(idle_timeout: 9999, search_command: "RECENT").to_watch).to eq(build.to_watch)
    expect(build(inbox_method: :microsoft_graph).to_watch).to eq(build.to_watch)
  end

  it "coerces what has only one meaning" do
    expect(native(tenant_id: 12_345, "client_id" => "client", poll_interval: "5", delta: "true"))
      .to include("tenant_id" => "12345", "poll_interval" => 5, "delta" => true)
  end

  it "polls every minute unless told a time" do
    [0, -1, "-5", nil].each { |value| expect(native(poll_interval: value)["poll_interval"]).to eq(60) }
  end

  it "knows national clouds, with and without a slash" do
    expect(native(azure_ad_endpoint: "https://login.microsoftonline.us/", graph_endpoint: "https://graph.microsoft.us"))
      .to include("azure_ad_endpoint" => "https://login.microsoftonline.us", "graph_endpoint" => "https://graph.microsoft.us")
  end

  it "takes a certificate in place of a secret" do
    expect(native(client_secret: nil, client_certificate: "/etc/app.pem"))
      .to include("client_certificate" => "/etc/app.pem").and(satisfy { |graph| !graph.key?("client_secret") })
  end

  {
    { tenant_id: nil } => "Field :tenant_id in inbox_options of Mailbox (name \"inbox\", email \"in@example.com\") is required",
    { client_id: "" } => "Field :client_id in inbox_options of Mailbox (name \"inbox\", email \"in@example.com\") is required",
    { client_secret: nil } => "Field :client_secret in inbox_options of Mailbox (name \"inbox\", email \"in@example.com\") is required",
    { client_secret: ["s3cret"] } => "Field :client_secret in inbox_options of Mailbox",
    { client_secret: "s3cret\n" } => "must not contain CR, LF or NUL",
    { client_certificate: "/x.pem" } => "cannot stand beside client_secret",
    { client_secret: nil, client_certificate: "-----BEGIN s3cret" } => "must be the path of a PEM file, not its content",
    { poll_interval: "soon" } => "Field :poll_interval in inbox_options",
    { poll_interval: 86_401 } => "must be at most 86400",
    { graph_endpoint: "graph.microsoft.com" } => "Field :graph_endpoint in inbox_options",
    { graph_endpoint: "https://user:s3cret@host" } => "without user, password and query",
    { azure_ad_endpoint: "https://host/?s3cret" } => "Field :azure_ad_endpoint in inbox_options",
    { delta: "sometimes" } => "Field :delta in inbox_options"
  }.each do |changes, message|
    it "refuses #{changes} and names the field" do
      expect { build(options(**changes)) }.to raise_error(MailRoom::ConfigurationError) { |error|
        expect(error.message).to include(message)
        expect(error.message).not_to include("s3cret")
      }
    end
  end

  it "warns of what nobody reads, and of credentials in clear" do
    expect { build(options(client_sekret: "x")) }.to output(/client_sekret.*did you mean :client_secret\?/).to_stderr
    expect { build(options(graph_endpoint: "http://graph.internal")) }.to output(/:graph_endpoint .* travel unprotected/).to_stderr
    expect { build(options(graph_endpoint: "http://127.0.0.1:8080")) }.not_to output.to_stderr
  end
end
