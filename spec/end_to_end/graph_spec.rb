# frozen_string_literal: true

require "net/http"

# Mailboxes of Microsoft Graph.
RSpec.describe "inbox_method microsoft_graph", :servers do
  include GraphWatching

  after { @servers&.each(&:stop) }

  it "delivers 57 messages over 6 pages once, and marks them" do
    server = graph
    mails = fill(server, 57)
    process = mail_room(inbox(server))
    expect_all(mails, server, process)
    kinds = server.asked.map(&:kind)
    expect(kinds.take_while { |kind| !%i[patch batch].include?(kind) }.count(:list)).to eq(6)
    expect([server.count(:token), server.count(:value), server.count(:patch)]).to eq([1, 57, 57])
    expect(server.most_in_flight).to be_between(2, 4)
    expect(server.count(:batch)).to be >= 1
    uids = process.log.select { |line| line["action"] == "sending to deliverer" }.map { |line| line["uid"] }
    expect(uids).to match_array(server.mails.map(&:id))
    expect(redis.call("GET", "delivered:#{uids.first}")).not_to be_nil
    expect(process.log.map { |line| line["action"] }).to include("Retrieving OAuth2 token...", "Getting new messages", "message pushed")
    expect(process.everything_said).not_to include("hidden")
  end

  it "delivers what a message has, octet by octet, and nothing else" do
    server = graph
    mails = Mails.assorted(40)
    mails.each { |mail| server.add(mail) }
    endpoint = HttpServer.new.start
    process = mail_room(inbox(server, delivery_method: "postback", delivery_options: { delivery_url: endpoint.url }))
    wait_until(30, -> { "40 posts: #{process.everything_said[-2000..]}" }) { endpoint.accepted.size >= 40 && server.unread.empty? }
    expect(endpoint.accepted.map(&:body).tally).to eq(mails.tally)
  ensure
    endpoint&.stop
  end

  it "tells ids apart by case, and marks the one that was delivered" do
    server = graph
    mails = %w[AAMkAbc= AAMkABC= AAMkabc=].map { |id| Mails.plain(id).b.tap { |mail| server.add(mail, id: id) } }
    expect_all(mails, server, mail_room(inbox(server)))
  end

  it "delivers mail that arrives between pages" do
    server = graph
    mails = fill(server, 35)
    late = Array.new(12) { |number| Mails.plain(100 + number).b }
    waiting = late.dup
    server.on_page { (mail = waiting.shift) && server.add(mail) }
    expect_all(mails + late, server, mail_room(inbox(server)))
  end

  it "deletes what was delivered, with one request each" do
    server = graph
    mails = fill(server, 30)
    process = mail_room(inbox(server, delete_after_delivery: true))
    expect_all(mails, server, process)
    wait_until(10, "an empty mailbox") { server.mails.empty? }
    expect([server.count(:delete), server.count(:patch)]).to eq([30, 0])
  end

  it "deletes through trouble, too" do
    server = graph
    mails = fill(server, 57)
    server.fault do |asked|
      next unless asked.kind == :delete

      { 2 => [429, { "Retry-After" => "1" }, "{}"], 3 => [404, {}, ""], 23 => [500, {}, ""], 42 => [503, {}, ""] }[asked.number]
    end
    expect_all(mails, server, mail_room(inbox(server, delete_after_delivery: true)))
    wait_until(10, "an empty mailbox") { server.mails.empty? }
  end

  json = { "Content-Type" => "application/json" }
  html = ["text/html", "<html><body>Bad Gateway #{"x" * 500}</body></html>"]
  {
    "429 with Retry-After" => [%i[list value patch batch], [429, { "Retry-After" => "1" }, ""]],
    "429 without" => [%i[list value patch batch], [429, {}, ""]],
    "503 with Retry-After" => [%i[list value patch batch], [503, { "Retry-After" => "1" }, ""]],
    "504" => [%i[list value patch batch], [504, {}, ""]],
    "509" => [%i[list value patch batch], [509, {}, ""]],
    "500" => [%i[list value patch batch], [500, json, JSON.generate({ error: { code: "ErrorInternalServerError", message: "x" } })]],
    "401" => [%i[list value patch batch], [401, json, JSON.generate({ error: { code: "InvalidAuthenticationToken", message: "x" } })]],
    "a cut connection" => [%i[list value patch batch], :cut],
    "an HTML page with 502" => [%i[list value patch batch], [502, { "Content-Type" => html[0] }, html[1]]],
    "an HTML page with 200" => [%i[list value batch], [200, { "Content-Type" => html[0] }, html[1]]],
    "malformed JSON" => [%i[list batch], [200, json, "{\"value\": [{\"id\": "]],
    "JSON without value" => [%i[list], [200, json, "{\"other\": []}"]],
    "JSON that is something else" => [%i[list batch], [200, json, "[1, null]"]],
    "a body that is too short" => [%i[value list], [200, { "Content-Length" => "5000" }, "Subject: cut"]],
    "400" => [%i[value patch], [400, json, JSON.generate({ error: { code: "ErrorInvalidRequest", message: "x" } })]],
    "423" => [%i[value patch], [423, json, "{}"]]
  }.each do |name, (kinds, fault)|
    it "loses nothing and delivers nothing twice through #{name}" do
      server = graph
      mails = fill(server, 57)
      hit = []
      server.fault do |asked|
        # Inside of a batch there is no connection to cut.
        next unless kinds.include?(asked.kind) && asked.number.between?(3, 4) && (asked.request || fault.is_a?(Array))

        hit << asked.kind
        fault
      end
      expect_all(mails, server, mail_room(inbox(server)), deadline: 90)
      expect(hit.size).to be >= 2
    end
  end

  it "says what it got in place of JSON, as far as it helps, and connects again" do
    server = graph
    mails = fill(server, 3)
    server.fault { |asked| [200, {}, "<html>#{"y" * 1000}"] if asked.kind == :list && asked.number == 1 }
    process = mail_room(inbox(server))
    expect_all(mails, server, process)
    error = process.await_log("Disconnected. Resetting...")["error"]
    expect(error).to match(/\A127\.0\.0\.1:\d+: the answer 200 is not the expected JSON: "<html>y{194}"\z/)
  end

  it "asks for nothing before a Retry-After has ended, of whatever length" do
    [2, 7].each do |pause|
      server = graph
      redis.call("FLUSHALL")
      mails = fill(server, 40)
      told = nil
      server.fault do |asked|
        if asked.kind == :value && asked.number == 12
          told = asked.request.at
          [429, { "Retry-After" => pause.to_s }, ""]
        end
      end
      process = mail_room(inbox(server))
      expect_all(mails, server, process)
      # Those that were on their way already.
      after = server.asked.filter_map(&:request).map(&:at).select { |at| at > told + 0.2 }
      expect((after.min || told) - told).to be >= pause
      expect(process.await_log("Too many requests, backing off...")).to include("backoff_s" => pause.to_f)
      expect(process.log.count { |line| line["action"].start_with?("Too many requests") }).to be <= 2
    end
  end

  it "obeys a Retry-After inside of a batch, and repeats only what was not done" do
    server = graph
    mails = fill(server, 40)
    server.fault do |asked|
      [429, { "Retry-After" => "2" }, "{}"] if asked.kind == :patch && asked.number == 5 && asked.request.nil?
    end
    process = mail_room(inbox(server))
    expect_all(mails, server, process)
    expect(process.await_log("Too many requests, backing off...")).to include("backoff_s" => 2.0)
    expect([server.count(:value), server.count(:patch)]).to eq([40, 41])
  end

  it "renews its token before it ends, and once when it is refused" do
    server = graph(lifetime: 2)
    mails = fill(server, 10)
    process = mail_room(inbox(server))
    expect_all(mails, server, process)
    wait_until(20, "three tokens") { server.count(:token) >= 3 }
    tokens = server.asked.select { |asked| asked.kind == :token }.map { |asked| asked.request.at }
    expect(tokens[2] - tokens[0]).to be_between(1.9, 3.9)
    server.lifetime = 3600
    given = server.count(:token)
    wait_until(20, "another") { server.count(:token) > given }
    server.revoke
    more = fill(server, 20)
    expect_all(mails + more, server, process)
    expect(server.count(:token)).to eq(given + 2)
    expect(process.log.map { |line| line["action"] }).not_to include("Disconnected. Resetting...")
  end

  it "does not ask for tokens without end when none is taken" do
    server = graph
    fill(server, 5)
    server.fault { |asked| [401, {}, ""] if asked.kind == :list }
    process = mail_room(inbox(server))
    expect(process.await_log("Disconnected. Resetting...")).to include("error" => /answered 401/, "backoff_s" => be_between(2.5, 5))
    expect(server.count(:token)).to eq(2)
    expect(process.term(5)).to be_success
  end

  it "says what Entra says about refused credentials, and recovers" do
    server = graph
    mails = fill(server, 5)
    server.fault do |asked|
      if asked.kind == :token && asked.number == 1
        [401, {}, JSON.generate({ error: "invalid_client", error_description: "AADSTS7000215: Invalid \e client secret " \
                                                                              "#{GraphServer::SECRET} provided.\r\nTrace ID: 1" })]
      end
    end
    process = mail_room(inbox(server))
    line = process.await_log("Disconnected. Resetting...")
    expect(line["error"]).to match(/oauth2.*client client: invalid_client: AADSTS7000215: Invalid   client secret \[client_secret\]/)
      .and(include("provided.; check tenant_id, client_id and client_secret"))
    expect(line["backoff_s"]).to be_between(2.5, 5)
    expect_all(mails, server, process)
    expect(process.everything_said).not_to include("hidden")
  end

  it "survives a token endpoint in trouble, and shows no token" do
    server = graph
    mails = fill(server, 5)
    answers = [[503, { "Retry-After" => "1" }, ""], [200, {}, "<html>"], [200, {}, "{\"access_token\": \"hidden"], [500, {}, ""], :cut]
    server.fault { |asked| answers[asked.number - 1] if asked.kind == :token }
    process = mail_room(inbox(server))
    expect_all(mails, server, process)
    expect(process.everything_said).to include("Too many requests").and(include("<html>"))
    expect(process.everything_said).not_to include("hidden")
  end

  it "shows a certificate in place of a secret" do
    Dir.mktmpdir do |dir|
      key = OpenSSL::PKey::RSA.new(2048)
      certificate = OpenSSL::X509::Certificate.new
      certificate.public_key = key.public_key
      certificate.not_before = Time.now
      certificate.not_after = Time.now + 3600
      certificate.sign(key, "SHA256")
      { "pkcs8.pem" => key.private_to_pem, "pkcs1.pem" => key.to_pem }.each do |name, pem|
        redis.call("FLUSHALL")
        file = File.join(dir, name)
        File.write(file, pem + certificate.to_pem)
        server = graph(certificate: certificate)
        mails = fill(server, 3)
        process = mail_room(inbox(server, { client_secret: nil, client_certificate: file }))
        expect_all(mails, server, process)
      end
      File.write(File.join(dir, "pkcs1.pem"), "hidden")
      process = mail_room(inbox(graph, { client_secret: nil, client_certificate: File.join(dir, "pkcs1.pem") }))
      expect(process.await_log("Disconnected. Resetting...")["error"]).to include("pkcs1.pem has no certificate")
      expect(process.everything_said).not_to include("hidden")
    end
  end

  it "sends its token nowhere else" do
    elsewhere = HttpServer.new.start
    server = graph
    fill(server, 3)
    server.fault do |asked|
      next unless asked.kind == :list

      [200, json, JSON.generate({ value: [{ id: "a" }], "@odata.nextLink" => "#{elsewhere.url}/v1.0/x?hidden" })]
    end
    process = mail_room(inbox(server))
    expect(process.await_log("Disconnected. Resetting...")["error"]).to include("goes on at #{elsewhere.url}")
    expect([elsewhere.connections, server.count(:value)]).to eq([0, 0])
    expect(process.everything_said).not_to include("hidden")
  ensure
    elsewhere&.stop
  end

  it "leaves alone what somebody else took" do
    server = graph
    mails = fill(server, 30)
    taken = server.mails.values_at(4, 5, 29).map(&:id)
    server.fault { |asked| taken.each { |id| server.take(id) } && nil if asked.kind == :value && asked.number == 1 }
    process = mail_room(inbox(server))
    mails -= [4, 5, 29].map { |number| Mails.plain(number).b }
    expect_all(mails, server, process)
    expect(process.log.map { |line| line["severity"] }.uniq).to eq(["INFO"])
  end

  [500, 504, 409].each do |status|
    it "tries to mark again after #{status}, and delivers neither that message nor others twice" do
      server = graph
      mails = fill(server, 25)
      stubborn = server.mails[7].id
      refusing = true
      server.fault { |asked| [status, json, "{}"] if refusing && asked.kind == :patch && asked.id == stubborn }
      process = mail_room(inbox(server))
      expect(process.await_log("Message not marked")).to include("uid" => stubborn, "error" => /answered #{status}/, "backoff_s" => 5)
      wait_until(30, "the others to be read") { server.unread.map(&:id) == [stubborn] }
      lists = server.count(:list)
      more = fill(server, 5)
      wait_until(30, "what arrives later") { delivered.size == 30 }
      # Not forgotten by the arbiter before it is marked.
      expect(redis.call("KEYS", "delivered:#{stubborn}:*").map { |key| redis.call("TTL", key) }).to match([be > 700])
      # Not without pause, though there is something to mark.
      expect(server.count(:list) - lists).to be <= 20
      refusing = false
      expect_all(mails + more, server, process)
    end
  end

  it "stops delivering where it may not mark" do
    server = graph
    fill(server, 5)
    server.fault { |asked| [403, json, JSON.generate({ error: { code: "ErrorAccessDenied", message: "x" } })] if asked.kind == :patch }
    process = mail_room(inbox(server))
    expect(process.await_log("Disconnected. Resetting...")["error"]).to include("ErrorAccessDenied").and(include("Mail.ReadWrite"))
    expect(delivered.size).to eq(5)
  end

  it "marks what a batch does not answer for" do
    server = graph
    mails = fill(server, 40)
    server.fault { |asked| [200, json, "{\"responses\": []}"] if asked.kind == :batch && asked.number < 3 }
    expect_all(mails, server, mail_room(inbox(server)))
  end

  it "does without batches where there are none" do
    server = graph
    mails = fill(server, 60)
    server.fault { |asked| [404, {}, ""] if asked.kind == :batch }
    expect_all(mails, server, mail_room(inbox(server)))
  end

  it "reads one message that is always broken last, and delivers the others" do
    server = graph
    mails = fill(server, 25)
    broken = server.mails.first.id
    server.fault { |asked| [504, {}, ""] if asked.kind == :value && asked.id == broken }
    process = mail_room(inbox(server))
    wait_until(90, -> { "24 jobs, not #{delivered.size}: #{process.everything_said[-2000..]}" }) { delivered.size == 24 }
    wait_until(30, "the others to be read") { server.unread.map(&:id) == [broken] }
    expect(delivered.tally).to eq(mails.drop(1).tally)
  end

  describe "a folder" do
    it "is found by well-known name, id, display name and path" do
      server = graph
      team = server.folder("Team's mail", "inbox")
      top = server.folder("Support / Desk")
      { "INBOX" => "inbox", team => team, "Support / Desk" => top, "Inbox/Team's mail" => team, "Posteingang/Team's mail" => team }
        .each_with_index do |(name, folder), number|
        redis.call("FLUSHALL")
        mail = Mails.plain(number).b
        server.add(mail, folder: folder)
        process = mail_room(inbox(server, name: name))
        wait_until(20, -> { "#{name}: #{process.everything_said}" }) { server.unread(folder).empty? }
        expect(delivered).to eq([mail])
        process.kill9
      end
    end

    it "that is not there is said so" do
      server = graph
      process = mail_room(inbox(server, name: "Nowhere/At all"))
      expect(process.await_log("Disconnected. Resetting...")["error"]).to include("there is no folder \"Nowhere/At all\"")
    end
  end

  describe "a message that is given up" do
    def refusing(server, **rest)
      http = HttpServer.new { |request| [request.body.include?("Mail 1\r") ? 400 : 200, {}, ""] }.start
      @servers << http
      [http, inbox(server, delivery_method: "postback", delivery_options: { delivery_url: http.url }, max_delivery_attempts: 1, **rest)]
    end

    it "stays, read and flagged" do
      server = graph
      fill(server, 3)
      _http, mailbox = refusing(server, delete_after_delivery: true)
      process = mail_room(mailbox)
      process.await_log("Message set aside")
      wait_until(20, "the others to be gone") { server.mails.map { |mail| [mail.read, mail.flagged] } == [[true, true]] }
    end

    it "is moved to failed_mailbox, made if missing" do
      server = graph
      fill(server, 3)
      _http, mailbox = refusing(server, failed_mailbox: "Inbox/Failed/Mail")
      mail_room(mailbox)
      wait_until(20, "the folder") { server.folders.values.any? { |folder| folder.name == "Mail" } }
      folder = server.folders.values.find { |made| made.name == "Mail" }
      wait_until(20, "the mail there") { server.mails(folder.id).size == 1 }
      expect(server.folders[folder.parent].to_a.drop(1)).to eq(%w[Failed inbox])
      expect(server.mails(folder.id).first.body).to include("Mail 1\r")
      wait_until(20, "the others to be read") { server.unread.empty? && server.mails.size == 2 }
    end

    it "stays where it is if the folder cannot be had" do
      server = graph
      fill(server, 3)
      server.fault { |asked| [403, json, "{}"] if asked.kind == :folder && asked.request.verb == "POST" }
      _http, mailbox = refusing(server, failed_mailbox: "Failed")
      process = mail_room(mailbox)
      expect(process.await_log("Set aside in place")["error"]).to include("check failed_mailbox")
      wait_until(20, "it to be flagged") { server.mails.map(&:flagged) == [false, true, false] }
    end

    it "because it is too large is not downloaded, whether its size is told or not" do
      [{ chunked: false }, { chunked: true }, { chunked: true, sizes: false }].each do |options|
        redis.call("FLUSHALL")
        server = graph
        options.each { |name, value| server.public_send(:"#{name}=", value) }
        mails = fill(server, 5, 50_000)
        server.add(Mails.plain(9, 3_000_000))
        process = mail_room(inbox(server, max_message_size: 1_000_000))
        expect(process.await_log("Message set aside")["error"]).to include("max_message_size (1000000)")
        wait_until(20, "all to be read") { server.unread.empty? }
        expect(server.mails.map(&:flagged)).to eq([false, false, false, false, false, true])
        expect(delivered.tally).to eq(mails.tally)
      end
    end
  end

  it "is killed in mid-drain again and again, and every message arrives once" do
    server = graph(page: 100, latency: 0.002)
    mails = fill(server, 600)
    rng = Random.new(RSpec.configuration.seed)
    4.times do |round|
      process = mail_room(inbox(server))
      wanted = (round * 130) + rng.rand(1..110)
      wait_until(30, -> { "#{wanted} jobs: #{process.everything_said[-2000..]}" }) { delivered.size >= wanted }
      process.kill9
    end
    expect_all(mails, server, mail_room(inbox(server)))
  end

  it "is asked to end in mid-drain, and what was delivered is marked by then" do
    server = graph(page: 100, latency: 0.005)
    mails = fill(server, 300)
    process = mail_room(inbox(server, arbitration_method: "noop", arbitration_options: {}))
    wait_until(30, "some jobs") { delivered.size >= 20 }
    expect(process.term(25)).to be_success
    expect(delivered.size).to eq(300 - server.unread.size).and(be < 300)
    expect_all(mails, server, mail_room(inbox(server, arbitration_method: "noop", arbitration_options: {})))
  end

  it "shares a mailbox among three processes of which one is killed" do
    server = graph(page: 100, latency: 0.002)
    mails = fill(server, 500)
    processes = Array.new(3) { mail_room(inbox(server)) }
    wait_until(60, "the drain to begin") { delivered.size >= 50 }
    processes.shift.kill9
    expect_all(mails, server, *processes, deadline: 120)
  end

  it "shares the limit of a mailbox between its folders" do
    server = graph(page: 100, latency: 0.005)
    other = server.folder("Other")
    mails = fill(server, 100)
    others = Array.new(100) { |number| Mails.plain(1000 + number).b }
    others.each { |mail| server.add(mail, folder: other) }
    process = mail_room(inbox(server), inbox(server, name: "Other"))
    wait_until(60, -> { "200 jobs, not #{delivered.size}" }) { delivered.size == 200 }
    wait_until(60, "all to be read") { server.unread.empty? && server.unread(other).empty? }
    expect(delivered.tally).to eq((mails + others).tally)
    expect(server.most_in_flight).to eq(4)
    expect(process.log.map { |line| line["action"] }).not_to include("Too many requests, backing off...")
  end

  it "drains 1,000 messages at least four times as fast as one request at a time, with 20 ms a request" do
    server = graph(page: 1000, latency: 0.02)
    one_by_one = one_at_a_time(server, fill(server, 50)) * 20
    mails = fill(server, 1_000)
    begun = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    process = mail_room(inbox(server))
    wait_until(120, "1000 jobs") { redis.call("LLEN", "queue:mails") == 1_000 }
    wait_until(30, "all to be read") { server.unread.empty? }
    took = Process.clock_gettime(Process::CLOCK_MONOTONIC) - begun
    RSpec.configuration.reporter.message(format("1,000 messages: %.1f s, one request at a time: %.1f s", took, one_by_one))
    expect(delivered.tally).to eq(mails.tally)
    expect(process.log.map { |line| line["action"] }).not_to include("Too many requests, backing off...")
    expect(took * 4).to be <= one_by_one
  end

  # Seconds for the given messages, fetched and marked by a client that does one thing after the other.
  def one_at_a_time(server, mails)
    Net::HTTP.start("127.0.0.1", URI(server.url).port) do |http|
      form = { grant_type: "client_credentials", client_id: "client", client_secret: GraphServer::SECRET, scope: "#{server.url}/.default" }
      token = JSON.parse(http.post("/tenant/oauth2/v2.0/token", URI.encode_www_form(form)).body)["access_token"]
      headers = { "Authorization" => "Bearer #{token}", "Content-Type" => "application/json" }
      begun = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      server.unread.map(&:id).each do |id|
        path = "/v1.0/users/#{GraphServer::EMAIL}/messages/#{id}"
        raise "not fetched" unless mails.include?(http.get("#{path}/$value", headers).body.b)

        http.patch(path, JSON.generate({ isRead: true }), headers)
      end
      raise "not marked" unless server.unread.empty?

      Process.clock_gettime(Process::CLOCK_MONOTONIC) - begun
    end
  end

  [{}, { sizes: false }, { sizes: false, chunked: true }].each do |options|
    it "stays below 120 MB with 100 messages of 8 MB #{options}" do
      server = graph(page: 100)
      options.each { |name, value| server.public_send(:"#{name}=", value) }
      mail = Mails.plain(1, 8 << 20).b
      100.times { server.add(mail) }
      process = mail_room(inbox(server))
      wait_until(240, -> { "all jobs, not #{redis.call("LLEN", "queue:mails")}: #{process.everything_said[-1000..]}" }) do
        redis.call("LLEN", "queue:mails") >= 100
      end
      wait_until(20, "all to be read") { server.unread.empty? }
      peak = process.peak_rss_kb / 1024
      RSpec.configuration.reporter.message("100 messages of 8 MB #{options}: #{peak} MB resident at most")
      expect(redis.call("LLEN", "queue:mails")).to eq(100)
      expect(peak).to be <= 120
    end
  end

  it "ends at once while it waits, however long that is" do
    server = graph
    mails = fill(server, 3)
    process = mail_room(inbox(server, { poll_interval: 3600 }))
    expect_all(mails, server, process)
    process.await_log("Idling")
    expect(process.term(3)).to be_success
  end

  it "ends in time while it is told to stay away" do
    server = graph
    server.fault { |asked| [429, { "Retry-After" => "600" }, ""] if asked.kind == :list }
    process = mail_room(inbox(server))
    expect(process.await_log("Too many requests, backing off...")["backoff_s"]).to eq(600.0)
    expect(process.term(5)).to be_success
    expect(server.count(:list)).to eq(1)
  end

  it "holds up no other mailbox" do
    server = graph
    server.fault { |asked| :hang if asked.kind == :list }
    mail_room(inbox(server), mailbox(user = dovecot.new_user))
    wait_until(20, "a request") { server.count(:list) == 1 }
    dovecot.append(user, mail = Mails.plain(1).b)
    wait_until(20, "the mail") { delivered == [mail] }
  end

  describe "delta: true" do
    it "asks for changes and lists only when there are any" do
      server = graph
      mails = fill(server, 5)
      process = mail_room(inbox(server, { delta: true }))
      expect_all(mails, server, process)
      wait_until(20, "some looks") { server.count(:delta) >= 6 }
      lists = server.count(:list)
      looks = server.count(:delta)
      wait_until(20, "more looks") { server.count(:delta) >= looks + 3 }
      expect(server.count(:list)).to eq(lists)
      more = fill(server, 15)
      expect_all(mails + more, server, process)
    end

    it "begins anew when the link is forgotten, and does without where there is none" do
      server = graph
      server.fault { |asked| [410, json, "{}"] if asked.kind == :delta && asked.number == 3 }
      process = mail_room(inbox(server, { delta: true }))
      wait_until(20, "a forgotten link") { server.count(:delta) >= 3 }
      mails = fill(server, 5)
      expect_all(mails, server, process)
      process.kill9
      server.fault { |asked| [400, json, "{}"] if asked.kind == :delta }
      process = mail_room(inbox(server, { delta: true }))
      process.await_log("Delta not available")
      expect_all(mails + fill(server, 5), server, process)
    end
  end
end
