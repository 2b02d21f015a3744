# frozen_string_literal: true

RSpec.describe MailRoom::Check::Graph do
  include Checking

  let(:server) { GraphServer.new.start }

  after { server.stop }

  def mailbox(inbox_options = {}, **rest)
    { email: GraphServer::EMAIL, name: "inbox", delivery_method: "noop", inbox_method: "microsoft_graph",
      inbox_options: { tenant_id: "tenant", client_id: "client", client_secret: GraphServer::SECRET, azure_ad_endpoint: server.url,
                       graph_endpoint: server.url }.merge(inbox_options), **rest }
  end

  it "finds everything well and changes nothing" do
    3.times { |number| server.add(Mails.plain(number)) }
    steps = steps_of(mailbox)
    expect(steps.map { |step| [step.id, step.status, step.detail] })
      .to eq([["configuration", :ok, nil], ["graph.token", :ok, nil], ["graph.folder", :ok, nil], ["graph.unread", :ok, "3 unread"]])
    expect(server.unread.size).to eq(3)
    expect(server.asked.map(&:kind).uniq).to contain_exactly(:token, :list)
  end

  it "says which credential is refused, and does not show it" do
    lines = lines_of("graph.token", mailbox({ client_secret: "hidden-wrong" }))
    expect(lines.join).to include("Microsoft Entra credentials are correct? ... no", "AADSTS", "a secret expires")
    expect(lines.join).not_to include("hidden")
  end

  it "says that the folder is not there" do
    expect(lines_of("graph.folder", mailbox({}, name: "Nowhere")).join("\n"))
      .to include("Mailbox Nowhere exists? ... no", "Try fixing it: Check email and name")
  end

  it "explains what is not permitted" do
    denied = { error: { code: "ErrorAccessDenied", message: "Access is denied. Check credentials and try again." } }
    server.fault { |asked| [403, { "Content-Type" => "application/json" }, JSON.generate(denied)] unless asked.kind == :token }
    expect(lines_of("graph.unread", mailbox).join("\n")).to include("ErrorAccessDenied", "Mail.ReadWrite", "access policy")
  end

  it "says who cannot be reached" do
    server.stop
    expect(lines_of("graph.token", mailbox).join("\n")).to include("Microsoft Entra credentials are correct? ... no", "refused")
  end
end
