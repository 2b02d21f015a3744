# frozen_string_literal: true

# Watches mailboxes of a private Graph, for examples.
module GraphWatching
  def graph(**options)
    (@servers ||= []) << GraphServer.new(**options).start
    @servers.last
  end

  def inbox(server, inbox_options = {}, **rest)
    mailbox(GraphServer::EMAIL, inbox_method: "microsoft_graph", inbox_options: {
      tenant_id: "tenant", client_id: "client", client_secret: GraphServer::SECRET, poll_interval: 1,
      azure_ad_endpoint: server.url, graph_endpoint: server.url
    }.merge(inbox_options), name: "inbox", **rest).except(:password, :host, :port, :ssl)
  end

  def fill(server, count, size = 300)
    mails = Array.new(count) { |number| Mails.plain(number, size).b }
    mails.each { |mail| server.add(mail) }
    mails
  end

  # All are in the queue, once, and all are read.
  def expect_all(mails, server, *processes, deadline: 60)
    said = -> { processes.map(&:everything_said).join.then { |text| text[-3000..] || text } }
    wait_until(deadline, -> { "#{mails.size} jobs, not #{delivered.size}: #{said.call}" }) { delivered.size >= mails.size }
    wait_until(deadline, -> { "all to be read: #{said.call}" }) { server.unread.empty? }
    expect(delivered.tally).to eq(mails.tally)
    expect(processes).to all(be_alive)
  end

  # As Graph words its errors.
  def graph_error(status, code = "ErrorInternalServerError", headers = {})
    [status, { "Content-Type" => "application/json" }.merge(headers), JSON.generate({ error: { code: code, message: "x" } })]
  end
end
