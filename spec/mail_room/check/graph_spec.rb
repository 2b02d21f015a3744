# frozen_string_literal: true

require "base64"

RSpec.describe MailRoom::Check::Graph do
  include Checking

  before { @server = GraphServer.new.start }

  after { @server.stop }

  def mailbox(inbox_options = {}, **rest)
    { email: GraphServer::EMAIL, name: "inbox", inbox_method: "microsoft_graph", delivery_method: "noop",
      inbox_options: { tenant_id: "tenant", client_id: "client", client_secret: GraphServer::SECRET, azure_ad_endpoint: @server.url,
                       graph_endpoint: @server.url }.merge(inbox_options), **rest }
  end

  def error(status, code)
    [status, { "Content-Type" => "application/json" }, JSON.generate(error: { code: code, message: "no" })]
  end

  it "finds everything well and changes nothing" do
    3.times { |number| @server.add("Subject: #{number}\r\n\r\n") }
    steps = steps_of(mailbox)
    expect(steps.map { |step| [step.question, step.status, step.detail] }).to eq(
      [["Configuration is valid?", :ok, nil], ["Microsoft Entra credentials are correct?", :ok, nil], ["Mailbox inbox exists?", :ok, nil],
       ["Waiting messages can be counted?", :ok, "3 unread"]]
    )
    expect(@server.unread.size).to eq(3)
    expect(@server.asked.map(&:kind).uniq).to eq(%i[token list])
  end

  it "says that the secret is wrong, and not which" do
    lines = lines_of("graph.token", mailbox({ client_secret: "hidden" }))
    expect(lines).to match([/Microsoft Entra credentials are correct\? ... no/, /AADSTS7000215/, /a secret expires/])
    expect(lines.join).not_to include("hidden")
  end

  it "says who cannot be reached" do
    @server.stop
    expect(lines_of("graph.token", mailbox).join("\n")).to include("Microsoft Entra credentials are correct? ... no", "refused")
  end

  it "says that there is no such folder" do
    expect(lines_of("graph.folder", mailbox(name: "Tickets")))
      .to match([/Mailbox Tickets exists\? ... no/, /there is no folder "Tickets"/, /Try fixing it: Check email and name/])
  end

  it "explains a 403: permission, consent, access policies" do
    @server.fault { |asked| error(403, "ErrorAccessDenied") if asked.kind == :list }
    expect(lines_of("graph.unread", mailbox))
      .to match([/Waiting messages can be counted\? ... no/, /403: ErrorAccessDenied/,
                 /permission Mail.ReadWrite, .*consent.*access policy/])
  end

  it "reads from the token what the app may do" do
    { ["Mail.Read"] => :failed, [] => :failed, ["Mail.ReadWrite", "User.Read"] => :ok }.each do |roles, status|
      claims = Base64.urlsafe_encode64(JSON.generate(aud: "graph", roles: roles), padding: false)
      token = JSON.generate(token_type: "Bearer", expires_in: 60, access_token: "x.#{claims}.x")
      @server.fault { |asked| [200, { "Content-Type" => "application/json" }, token] if asked.kind == :token }
      expect(step_of("graph.permission", mailbox).to_h).to include(status: status, question: /Mail.ReadWrite\?\z/)
    end
  end

  describe "the folders that messages are moved to" do
    def folders_of(**options)
      steps_of(mailbox(**options)).select { |step| step.id.end_with?("_mailbox") }.map { |step| [step.id, step.status, step.detail] }
    end

    it "are looked for and not made" do
      @server.folder("Fehlgeschlagen & mehr")
      @server.folder("Done", @server.folder("Überall"))
      expect(folders_of(failed_mailbox: "Fehlgeschlagen & mehr", delivered_mailbox: "Überall/Done")).to eq(
        [["graph.failed_mailbox", :ok, "Fehlgeschlagen & mehr"], ["graph.delivered_mailbox", :ok, "Überall/Done"]]
      )
      expect(folders_of(failed_mailbox: "archive", delivered_mailbox: "inbox/New")).to eq(
        [["graph.failed_mailbox", :ok, "archive"], ["graph.delivered_mailbox", :ok, "inbox/New is made when it is first needed"]]
      )
      expect(@server.asked.filter_map { |asked| asked.request&.verb unless asked.kind == :token }.uniq).to eq(["GET"])
    end

    it "must not be the one that is watched, by whichever name" do
      expect(folders_of(failed_mailbox: "Posteingang", delivered_mailbox: GraphServer::INBOX)).to eq(
        [["graph.failed_mailbox", :failed, "Posteingang is the folder that is watched"],
         ["graph.delivered_mailbox", :failed, "#{GraphServer::INBOX} is the folder that is watched"]]
      )
      expect(folders_of(name: "Posteingang", failed_mailbox: "inbox")).to match([["graph.failed_mailbox", :failed, /is watched/]])
    end

    it "are not taken for new ones if an id is wrong" do
      expect(folders_of(delivered_mailbox: "AAMk#{"x" * 100}=")).to match([["graph.delivered_mailbox", :failed, /none with this id/]])
    end

    it "may be forbidden" do
      @server.fault { |asked| error(403, "ErrorAccessDenied") if asked.kind == :folder }
      expect(lines_of("graph.delivered_mailbox", mailbox(delivered_mailbox: "Done")))
        .to match([/Folder of delivered_mailbox can be used\? ... no/, /403: ErrorAccessDenied/,
                   /Check delivered_mailbox. If Graph answers 403, grant the app Mail.ReadWrite/])
    end
  end
end
