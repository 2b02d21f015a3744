# frozen_string_literal: true

require "base64"
require "stringio"

# Messages posted to an HTTP endpoint.
RSpec.describe "delivery_method postback", :servers do
  let(:user) { dovecot.new_user }

  after { @servers&.each(&:stop) }

  def endpoint(**options, &answer)
    (@servers ||= []) << HttpServer.new(**options, &answer).start
    @servers.last
  end

  def posting(url, delivery_options = {}, **rest)
    mailbox(user, delivery_method: "postback", delivery_options: { delivery_url: url }.merge(delivery_options),
                  arbitration_method: "noop", arbitration_options: {}, **rest)
  end

  def fill(count)
    mails = Array.new(count) { |number| Mails.plain(number).b }
    mails.each { |mail| dovecot.append(user, mail) }
    mails
  end

  def unseen = dovecot.uids(user, "UNSEEN")

  def expect_all(mails, server, process, deadline = 60)
    wait_until(deadline, -> { "#{mails.size} posts, not #{server.accepted.size}: #{process.everything_said[-3000..]}" }) do
      server.accepted.size >= mails.size
    end
    wait_until(30, "all to be seen") { unseen.empty? }
    expect(server.accepted.map(&:body).tally).to eq(mails.tally)
  end

  it "posts the exact bytes with the exact headers" do
    server = endpoint
    Mails.assorted(40).each { |mail| dovecot.append(user, mail) }
    sent = dovecot.messages(user).map { |message| message.body.to_s.b }
    options = { token: "hidden-token", content_type: "message/rfc822", headers: { "X-Desk" => "hidden-desk" } }
    process = mail_room(posting("#{server.url}/mails?key=hidden-key", options))
    expect_all(sent, server, process)
    server.requests.each do |request|
      expect([request.verb, request.path]).to eq(["POST", "/mails?key=hidden-key"])
      expect(request.headers).to include("authorization" => "Token hidden-token", "content-type" => "message/rfc822",
                                         "x-desk" => "hidden-desk", "content-length" => request.body.bytesize.to_s,
                                         "user-agent" => "mail_room/#{MailRoom::VERSION}")
    end
    expect(server.requests.map { |request| request.headers.fetch("idempotency-key") }.uniq.size).to eq(40)
    # Four at a time. One that has just answered may not be free yet when the next message is posted, on a busy machine.
    expect(server.connections).to be <= 10
    pushed = process.log.select { |line| line["action"] == "message pushed" }
    expect(pushed.map { |line| line.slice("delivery_method", "url", "status_code") }.tally)
      .to eq({ { "delivery_method" => "Postback", "url" => "#{server.url}/mails", "status_code" => 200 } => 40 })
    expect(process.everything_said).not_to include("hidden")
  end

  it "logs in with user and password, and with a token made for each post" do
    secret = File.join(Dir.mktmpdir("secret"), "secret")
    File.write(secret, Base64.strict_encode64("a secret"))
    server = endpoint
    mails = fill(3)
    process = mail_room(posting(server.url, { username: "u", password: "hidden-pass", jwt_auth_header: "Api-Request",
                                              jwt_secret_path: secret, jwt_issuer: "me" }))
    expect_all(mails, server, process)
    server.requests.each do |request|
      expect(request.headers).to include("authorization" => "Basic #{Base64.strict_encode64("u:hidden-pass")}",
                                         "content-type" => "application/x-www-form-urlencoded")
      unsigned, _dot, signed = request.headers.fetch("api-request").rpartition(".")
      expect(Base64.urlsafe_decode64(signed)).to eq(OpenSSL::HMAC.digest("SHA256", "a secret", unsigned))
    end
    expect(server.requests.map { |request| request.headers["api-request"] }.uniq.size).to eq(3)
    expect(process.everything_said).not_to include("hidden")
  ensure
    FileUtils.remove_entry(File.dirname(secret))
  end

  it "shows a token that expires, signed with a key that its thumbprint names" do
    key = OpenSSL::PKey::EC.generate("prime256v1")
    File.write(path = File.join(Dir.mktmpdir("secret"), "key.pem"), key.to_pem)
    server = endpoint
    mails = fill(2)
    process = mail_room(posting(server.url, { jwt_auth_header: "Api-Request", jwt_secret_path: path, jwt_algorithm: "ES256",
                                              jwt_key_id: "thumbprint", jwt_expires_in: 60 }))
    expect_all(mails, server, process)
    point = key.public_key.to_octet_string(:uncompressed)
    x, y = [point[1, 32], point[33, 32]].map { |octets| Base64.urlsafe_encode64(octets, padding: false) }
    jwk = %({"crv":"P-256","kty":"EC","x":"#{x}","y":"#{y}"})
    server.requests.each do |request|
      unsigned, _dot, signature = request.headers.fetch("api-request").rpartition(".")
      header, payload = unsigned.split(".").map { |part| JSON.parse(Base64.urlsafe_decode64(part)) }
      expect(header).to eq("alg" => "ES256", "kid" => Base64.urlsafe_encode64(OpenSSL::Digest::SHA256.digest(jwk), padding: false))
      expect([payload["iat"], payload["exp"] - payload["iat"]]).to match([be_within(60).of(Time.now.to_i), 60])
      octets = Base64.urlsafe_decode64(signature)
      halves = [octets[0, 32], octets[32, 32]].map { |half| OpenSSL::ASN1::Integer(OpenSSL::BN.new(half, 2)) }
      expect(key.verify("SHA256", OpenSSL::ASN1::Sequence(halves).to_der, unsigned)).to be(true)
    end
  ensure
    FileUtils.remove_entry(File.dirname(path))
  end

  it "posts four at a time and no more" do
    lock = Mutex.new
    now = most = 0
    gate = Queue.new
    server = endpoint do
      lock.synchronize { most = [most, now += 1].max }
      gate.pop
      lock.synchronize { now -= 1 }
      [204, {}, ""]
    end
    mails = fill(12)
    process = mail_room(posting(server.url))
    wait_until(20, "four posts") { server.requests.size == 4 }
    12.times { gate << true }
    expect_all(mails, server, process)
    expect(most).to eq(4)
  end

  it "loses nothing and posts nothing twice while the endpoint is away for ten seconds" do
    server = endpoint
    mails = fill(400)
    process = mail_room(posting(server.url))
    wait_until(20, "half") { server.accepted.size >= 100 }
    server.stop
    paused = -> { process.log.select { |line| line["action"] == "Delivery paused" }.sum { |line| line["backoff_s"] } }
    wait_until(40, "ten seconds of pauses") { paused.call > 10 }
    again = endpoint(port: server.port)
    wait_until(60, "all to be seen") { unseen.empty? }
    answered = server.accepted + again.accepted
    expect(answered.map(&:body).uniq.sort).to eq(mails.sort)
    # An answer that was cut off is no answer: those that were on their way may come once more, as the same request.
    twice = answered.group_by { |request| request.headers["idempotency-key"] }.select { |_, same| same.size > 1 }
    expect(twice.size).to be <= 4
    expect(twice.values.all? { |same| same.map(&:body).uniq.size == 1 }).to be(true)
  end

  it "delivers all although every third post is answered with 500" do
    count = 0
    server = endpoint { [(count += 1) % 3 == 0 ? 500 : 200, {}, ""] }
    mails = fill(60)
    expect_all(mails, server, mail_room(posting(server.url)), 120)
    expect(dovecot.uids(user, "FLAGGED")).to be_empty
  end

  it "sets aside what is always answered with 500, and delivers the others" do
    server = endpoint { |request| [request.body.include?("Mail 3\r") ? 500 : 200, {}, ""] }
    mails = fill(10)
    process = mail_room(posting(server.url, max_delivery_attempts: 3, failed_mailbox: "Failed", delete_after_delivery: true,
                                            expunge_deleted: true))
    # All others may have been delivered before it failed first. It counts against a message only if another one is accepted after it.
    process.await_log("Delivery failed", 30)
    dovecot.append(user, mails.push(Mails.plain(10)).last)
    process.await_log("Message set aside", 60)
    wait_until(20, "the mailbox to be empty") { dovecot.uids(user).empty? }
    expect(server.accepted.map(&:body)).to match_array(mails.reject { |mail| mail.include?("Mail 3\r") })
    failed = server.requests.select { |request| request.answered == 500 }
    expect(failed.map { |request| request.headers["idempotency-key"] }.uniq.size).to eq(1)
  end

  it "delivers the others although one is always answered with 503" do
    server = endpoint { |request| [request.body.include?("Mail 0\r") ? 503 : 200, {}, ""] }
    mails = fill(10)
    process = mail_room(posting(server.url, { concurrency: 1 }))
    wait_until(30, -> { "9 posts, not #{server.accepted.size}" }) { server.accepted.size == 9 }
    dovecot.append(user, Mails.plain(10))
    wait_until(30, "one more") { server.accepted.size == 10 }
    expect(server.accepted.map(&:body)).to match_array([*mails.drop(1), Mails.plain(10)])
    # "Later" counts against no message before it has lasted: a target that limits its rate says so to any.
    expect(process.log.map { |line| line["action"] }).not_to include("Message set aside", "Delivery failed")
    expect(process.await_log("Delivery postponed")).to include("error" => /answered 503/, "attempts" => 0)
    expect(unseen.size).to eq(1)
  end

  it "sets aside what is refused with 400, and never deletes it" do
    server = endpoint { |request| [request.body.include?("Mail 0\r") ? 400 : 200, {}, ""] }
    mails = fill(6)
    process = mail_room(posting(server.url, max_delivery_attempts: 2, delete_after_delivery: true, expunge_deleted: true))
    process.await_log("Message set aside", 60)
    wait_until(20, "the others to be gone") { dovecot.uids(user).size == 1 }
    expect(dovecot.uids(user, "FLAGGED SEEN UNDELETED").size).to eq(1)
    expect(server.accepted.map(&:body)).to match_array(mails.drop(1))
  end

  # Only "Mail 0" is answered so; all others are taken.
  def odd_one(&answer) = endpoint { |request| request.body.include?("Mail 0\r") ? answer.call : [200, {}, ""] }

  def posts_of(server, number) = server.requests.count { |request| request.body.include?("Mail #{number}\r") }

  # The mail comes while the mailbox pauses, or waits, because of another.
  def expect_prompt(server, number, process)
    dovecot.append(user, Mails.plain(number))
    asked = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    wait_until(5, -> { "mail #{number} at once: #{process.everything_said[-2000..]}" }) { posts_of(server, number) == 1 }
    expect(Process.clock_gettime(Process::CLOCK_MONOTONIC) - asked).to be < 3
  end

  { "a filter that answers 403" => [403, {}, ""], "a filter that answers 404" => [404, {}, ""],
    "a login that is refused with 401" => [401, { "Retry-After" => "0" }, ""],
    "a page of its own" => [302, { "Location" => "https://block.invalid/" }, ""],
    "a gateway that answers 502" => [502, {}, ""], "a connection that is closed" => :cut }.each do |what, answer|
    it "does not let mail wait for one message that always meets #{what}, and sets that one aside" do
      server = odd_one { answer }
      fill(1)
      process = mail_room(posting(server.url, max_delivery_attempts: 3))
      # Alone: nobody knows whose fault it is. The pauses grow.
      wait_until(30, "a long pause") { process.log.any? { |line| line["action"] == "Delivery paused" && line["backoff_s"] > 2 } }
      expect(process.log.map { |line| line["action"] }).not_to include("Delivery failed", "Message set aside")
      (1..4).each { |number| expect_prompt(server, number, process) }
      process.await_log("Message set aside", 60)
      wait_until(10, "the marks") { unseen.empty? }
      expect(dovecot.uids(user, "FLAGGED SEEN").size).to eq(1)
      expect(server.accepted.map(&:body).tally).to eq((1..4).to_h { |number| [Mails.plain(number).b, 1] })
    end
  end

  it "does not let mail wait that comes just before a long pause begins" do
    fifth = nil
    server = endpoint do |request|
      next [200, {}, ""] unless request.body.include?("Mail 0\r")

      if fifth.nil? && posts_of(server, 0) == 5
        fifth = request
        dovecot.append(user, Mails.plain(1))
      end
      [403, {}, ""]
    end
    fill(1)
    process = mail_room(posting(server.url))
    wait_until(40, -> { "mail 1: #{process.everything_said[-2000..]}" }) { posts_of(server, 1) == 1 }
    # The pause is one of 4 to 8 s.
    expect(server.accepted.first.at - fifth.at).to be < 3.5
  end

  it "delivers a backlog around several messages that a filter always refuses, and sets aside those alone" do
    odd = [0, 3, 4, 5, 9]
    server = endpoint { |request| [odd.any? { |number| request.body.include?("Mail #{number}\r") } ? 403 : 200, {}, ""] }
    mails = fill(12)
    process = mail_room(posting(server.url, max_delivery_attempts: 2, arbitration_method: "redis",
                                            arbitration_options: { redis_url: redis.url }))
    wait_until(60, "all that are refused") { process.log.count { |line| line["action"] == "Message set aside" } == odd.size }
    wait_until(10, "the marks") { unseen.empty? }
    expect(dovecot.uids(user, "FLAGGED").size).to eq(odd.size)
    expect(server.accepted.map(&:body).tally).to eq(mails.reject.with_index { |_, number| odd.include?(number) }.tally)
  end

  it "counts nothing against any message while the endpoint refuses every one" do
    status = 403
    server = endpoint { [status, {}, ""] }
    mails = fill(6)
    process = mail_room(posting(server.url, max_delivery_attempts: 1))
    wait_until(30, "some posts") { server.requests.size >= 6 }
    (6..8).each do |number|
      before = server.requests.size
      dovecot.append(user, (mails << Mails.plain(number).b).last)
      wait_until(10, "another post") { server.requests.size > before }
    end
    status = 200
    expect_all(mails, server, process)
    expect(process.log.map { |line| line["action"] }).not_to include("Delivery failed", "Message set aside")
  end

  it "counts nothing more against a message that was always refused once the endpoint refuses every one" do
    refuses_all = false
    server = endpoint do |request|
      refuses_all ||= request.body.include?("Mail 2\r") && posts_of(server, 2) == 1
      [refuses_all || request.body.include?("Mail 0\r") ? 403 : 200, {}, ""]
    end
    fill(1)
    process = mail_room(posting(server.url, max_delivery_attempts: 3))
    process.await_log("Delivery paused", 30)
    expect_prompt(server, 1, process)
    expect(process.await_log("Delivery failed", 30)["error"]).to include("403")
    dovecot.append(user, Mails.plain(2))
    wait_until(30, "the refusal of every one") { posts_of(server, 2) >= 1 }
    before = posts_of(server, 0)
    wait_until(60, "more posts of the one") { posts_of(server, 0) >= before + 2 && posts_of(server, 2) >= 2 }
    expect(process.log.map { |line| line["action"] }).not_to include("Message set aside")
    expect(process.log.map { |line| line["action"] }).to include("Delivery paused")
    refuses_all = false
    wait_until(70, "the others") { server.accepted.size == 2 }
    (3..5).each { |number| expect_prompt(server, number, process) }
    process.await_log("Message set aside", 90)
    wait_until(10, "the marks") { unseen.empty? }
    expect(dovecot.uids(user, "FLAGGED").size).to eq(1)
    expect(server.accepted.map(&:body).tally).to eq((1..5).to_h { |number| [Mails.plain(number).b, 1] })
  end

  it "posts no faster than its backoff whatever Retry-After says" do
    ["0", "-5", "0.001", "Sun, 06 Nov 1994 08:49:37 GMT"].each do |value|
      [429, 500, 403].each do |status|
        server = endpoint { [status, { "Retry-After" => value }, ""] }
        process = mail_room(posting(server.url))
        dovecot.append(user, Mails.plain(0)) if unseen.empty?
        wait_until(20, "three posts") { server.requests.size >= 3 }
        first, *, third = server.requests.first(3).map(&:at)
        # Half of the first two delays: 0.5 s and 1 s.
        expect(third - first).to be >= 0.7
        process.term
      end
    end
  end

  { "a line that is none" => "PHP Warning:  x in /app/index.php\r\n", "a blank before the colon" => "X-Odd : 1\r\n",
    "a folded value" => "X-Folded: a\r\n b\r\n", "200 headers" => Array.new(200) { |number| "X-#{number}: y\r\n" }.join,
    "two lengths" => "Content-Length: 2\r\nContent-Length: 3\r\n", "nothing more" => "" }.each do |what, headers|
    it "takes a 2xx whose header has #{what} for a delivery, once" do
      server = endpoint { what == "nothing more" ? "HTTP/1.1 200 OK\r\n" : "HTTP/1.1 200 OK\r\n#{headers}\r\nok" }
      mails = fill(5)
      process = mail_room(posting(server.url))
      expect_all(mails, server, process)
      expect(server.requests.size).to eq(5)
      expect(process.log.map { |line| line["action"] }).not_to include("Delivery paused", "Delivery failed")
    end
  end

  { 413 => ["", 1], 422 => ["", 1], 400 => [%({"success":false,"message":"Email too large\\r\\nhidden"}), 1], "400" => ["no", 2] }
    .each do |status, (body, tries)|
    it "sets a message aside that is answered #{status} #{body[0, 16].inspect}, after #{tries} posts" do
      server = odd_one { [status.to_i, { "Content-Type" => "application/json" }, body] }
      mails = fill(4)
      delivery = { arbitration_method: "redis", arbitration_options: { redis_url: redis.url } }
      processes = Array.new(2) { mail_room(posting(server.url, delete_after_delivery: true, **delivery)) }
      wait_until(30, "it to be set aside") { dovecot.uids(user, "FLAGGED SEEN UNDELETED").size == 1 }
      wait_until(30, "the others to be marked") { unseen.empty? }
      expect(server.accepted.map(&:body).tally).to eq(mails.drop(1).tally)
      told = processes.flat_map(&:log).select { |line| line["action"] == "Message set aside" }
      expect(told.map { |line| line["error"] }).to match([/answered #{status}/])
      expect(told.first["error"]).to include("400 Bad Request: Email too large hidden;") if body.start_with?("{")
      # Another message later is no reason to try it again.
      dovecot.append(user, Mails.plain(7))
      wait_until(10, "one more") { posts_of(server, 7) == 1 }
      expect(posts_of(server, 0)).to eq(tries)
    end
  end

  { 415 => "content_type", 405 => "delivery_url" }.each do |status, option|
    it "pauses at #{status}, names #{option}, and sets nothing aside" do
      wrong = true
      server = endpoint { |request| [wrong || request.body.include?("Mail 0\r") ? status : 200, {}, ""] }
      mails = fill(5)
      process = mail_room(posting(server.url, max_delivery_attempts: 1))
      expect(process.await_log("Delivery paused")["error"]).to include(option)
      wait_until(30, "some posts") { server.requests.size >= 4 }
      wrong = false
      wait_until(60, "the others") { server.accepted.size == 4 }
      wait_until(30, "two more of that one") { posts_of(server, 0) >= 4 }
      expect_prompt(server, 8, process)
      expect(server.accepted.map(&:body)).to match_array(mails.drop(1) << Mails.plain(8).b)
      expect(process.log.map { |line| line["action"] }).not_to include("Delivery failed", "Message set aside")
      expect([unseen.size, dovecot.uids(user, "FLAGGED").size]).to eq([1, 0])
    end
  end

  it "asks for nothing before a Retry-After has ended" do
    first = nil
    server = endpoint { |request| (first ||= request).equal?(request) ? [429, { "Retry-After" => "3" }, ""] : [200, {}, ""] }
    mails = fill(3)
    process = mail_room(posting(server.url, { concurrency: 1 }))
    expect_all(mails, server, process)
    expect(server.requests[1].at - first.at).to be >= 3
    expect(process.await_log("Delivery paused")).to include("backoff_s" => 3.0)
  end

  it "follows a redirect within the origin with all that belongs to the message, and to no other origin" do
    other = endpoint
    aim = "/there"
    server = endpoint { |request| request.path == "/there" ? [201, {}, ""] : [307, { "Location" => aim }, ""] }
    mails = fill(1)
    process = mail_room(posting("#{server.url}/here", { token: "hidden-token" }))
    expect_all(mails, server, process)
    expect(server.requests.map { |request| [request.verb, request.path, request.headers["authorization"]] })
      .to eq([["POST", "/here", "Token hidden-token"], ["POST", "/there", "Token hidden-token"]])
    aim = "#{other.url}/?hidden"
    dovecot.append(user, Mails.plain(9))
    expect(process.await_log("Delivery paused")["error"]).to include("redirects to #{other.url}/, and no message follows")
    expect([other.requests.size, unseen.size]).to eq([0, 1])
    expect(process.everything_said).not_to include("hidden")
  end

  it "blames no message for an answer of 408 or 425" do
    answers = [408, 425, 200]
    server = endpoint { [answers.shift, {}, ""] }
    mails = fill(1)
    process = mail_room(posting(server.url, max_delivery_attempts: 1))
    expect_all(mails, server, process)
    paused = process.log.select { |line| line["action"] == "Delivery paused" }
    expect(paused.map { |line| line["error"] }).to match([/answered 408 Request Timeout/, /answered 425 Too Early/])
  end

  it "gives up an answer that does not come in time, and posts the same again" do
    answers = [:hang, [200, {}, ""]]
    server = endpoint { answers.shift }
    mails = fill(1)
    process = mail_room(posting(server.url, { timeout: 1 }))
    expect_all(mails, server, process)
    expect(process.await_log("Delivery paused")["error"]).to include("#{server.url}/: no answer within 1 s")
    expect(server.requests.map { |request| request.headers["idempotency-key"] }.uniq.size).to eq(1)
  end

  it "gives up a connection that does not stand in time" do
    # Nobody accepts, and there is no room for those who wait to be accepted: the kernel answers to nothing more.
    full = Socket.tcp_server_sockets("127.0.0.1", 0).first.tap { |socket| socket.listen(0) }
    waiting = Array.new(3) { Socket.new(:INET, :STREAM).tap { |socket| socket.connect_nonblock(full.local_address, exception: false) } }
    fill(1)
    process = mail_room(posting("http://127.0.0.1:#{full.local_address.ip_port}", { connect_timeout: 1 }))
    expect(process.await_log("Delivery paused")["error"]).to include("no connection in time")
    expect(unseen.size).to eq(1)
  ensure
    [full, *waiting].each(&:close)
  end

  it "ends in time while the endpoint hangs, and posts the same again afterwards" do
    hang = true
    server = endpoint { hang ? :hang : [200, {}, ""] }
    mails = fill(6)
    process = mail_room(posting(server.url))
    wait_until(20, "posts") { server.requests.size == 4 }
    expect(process.term(30)).to be_success
    expect(unseen.size).to eq(6)
    keys = server.requests.to_h { |request| [request.body, request.headers["idempotency-key"]] }
    hang = false
    expect_all(mails, server, mail_room(posting(server.url)))
    expect(server.accepted.to_h { |request| [request.body, request.headers["idempotency-key"]] }).to include(keys)
  end

  it "holds up no other mailbox while the endpoint hangs with a large message" do
    server = endpoint { :hang }
    dovecot.append(user, Mails.plain(0, 9 << 20))
    other = dovecot.new_user
    mails = Array.new(20) { |number| Mails.plain(number).b }
    hanging = posting(server.url)
    mail_room(hanging, mailbox(other))
    wait_until(20, "the large message") { server.requests.size == 1 }
    mails.each { |mail| dovecot.append(other, mail) }
    wait_until(20, -> { "20 jobs, not #{delivered.size}" }) { delivered.size == 20 }
    expect(delivered.tally).to eq(mails.tally)
  end

  it "holds up no other mailbox while endpoints hang with more than there is memory for" do
    server = endpoint { :hang }
    hanging = Array.new(2) { dovecot.new_user }
    hanging.each { |each| 40.times { |number| dovecot.append(each, Mails.plain(number, 1 << 20)) } }
    other = dovecot.new_user
    mail_room(*hanging.map { |each| posting(server.url, { timeout: 600 }).merge(email: each) }, mailbox(other))
    wait_until(20, "the first posts") { server.requests.size == 8 }
    mails = Array.new(5) { |number| Mails.plain(number, 2 << 20).b }
    mails.each { |mail| dovecot.append(other, mail) }
    wait_until(40, -> { "5 jobs, not #{delivered.size}" }) { delivered.size == 5 }
    expect(delivered.tally == mails.tally).to be(true)
    expect(server.requests.size).to eq(8)
  end

  it "loses nothing when it is killed, and what it repeats can be recognised" do
    server = endpoint
    mails = fill(600)
    [100, 300].each do |least|
      process = mail_room(posting(server.url))
      wait_until(20, "some posts") { server.accepted.size >= least }
      process.kill9
    end
    mail_room(posting(server.url))
    wait_until(60, "all to be seen") { unseen.empty? }
    posts = server.accepted.group_by { |request| request.headers["idempotency-key"] }
    expect(posts.size).to eq(600)
    expect(posts.values.map { |same| same.map(&:body).uniq }).to match_array(mails.map { |mail| [mail] })
  end

  it "reads a replaced ca_file while it runs" do
    Dir.mktmpdir do |dir|
      old, new = %w[old new].map { |name| Certificates.new(File.join(dir, name)) }
      server = endpoint(tls: new.server.context)
      mails = fill(2)
      process = mail_room(posting(server.url, { ssl: { ca_file: old.ca_file } }))
      expect(process.await_log("Delivery paused")["error"]).to include("certificate is not trusted")
      FileUtils.cp(new.ca_file, old.ca_file)
      expect_all(mails, server, process)
    end
  end

  it "verifies the endpoint's certificate, and shows its own" do
    Dir.mktmpdir do |dir|
      certificates = Certificates.new(dir)
      tls = certificates.server.context
      tls.ca_file = certificates.ca_file
      tls.verify_mode = OpenSSL::SSL::VERIFY_PEER | OpenSSL::SSL::VERIFY_FAIL_IF_NO_PEER_CERT
      server = endpoint(tls: tls)
      mails = fill(5)
      distrustful = mail_room(posting(server.url))
      expect(distrustful.await_log("Delivery paused")["error"]).to match(/#{server.port}.*certificate is not trusted.*ca_file/)
      expect([distrustful.term.success?, server.requests.size, unseen.size]).to eq([true, 0, 5])
      client = certificates.client
      process = mail_room(posting(server.url, { ssl: { ca_file: certificates.ca_file, cert: client.cert_file, key: client.key_file } }))
      expect_all(mails, server, process)
    end
  end

  it "goes through the proxy of the environment" do
    proxy = endpoint
    mails = fill(2)
    process = mail_room(posting("http://app.invalid/mails"), env: { "http_proxy" => proxy.url, "no_proxy" => "localhost" })
    expect_all(mails, proxy, process)
    expect(proxy.requests.map(&:path).uniq).to eq(["http://app.invalid/mails"])
  end

  it "goes to an endpoint of https through the proxy, which learns nothing but the host" do
    Dir.mktmpdir do |dir|
      certificates = Certificates.new(dir)
      server = endpoint(tls: certificates.server.context)
      asked = []
      proxy = TcpProxy.new(server.port).start.tunnel { |request| asked << request }
      mails = fill(2)
      url = "https://localhost:#{server.port}/mails?hidden"
      process = mail_room(posting(url, { ssl: { ca_file: certificates.ca_file }, token: "hidden" }),
                          env: { "https_proxy" => "http://user:word@127.0.0.1:#{proxy.port}", "no_proxy" => "" })
      expect_all(mails, server, process)
      expect(asked.map(&:lines).map(&:first).uniq).to eq(["CONNECT localhost:#{server.port} HTTP/1.1\r\n"])
      expect(asked).to all(include(Base64.strict_encode64("user:word")).and(satisfy { |request| !request.include?("hidden") }))
    ensure
      proxy&.remove
    end
  end

  it "posts a message that is handed to the class directly" do
    status = 201
    server = endpoint { [status, {}, ""] }
    log = StringIO.new
    url = "#{server.url.sub("//", "//user:hidden@")}/a?key=hidden"
    options = MailRoom::Delivery::Postback::Options.new(MailRoom::Mailbox.new(posting(url, { token: "t" }, logger: { log_path: log })))
    delivery = MailRoom::Delivery["postback"].new(options)
    expect(delivery.deliver("Subject: x\r\n\r\n\xFF".b)).to be(true)
    expect(server.requests.map(&:body)).to eq(["Subject: x\r\n\r\n\xFF".b])
    expect(JSON.parse(log.string)).to include("delivery_method" => "Postback", "action" => "message pushed", "url" => "#{server.url}/a",
                                              "status_code" => 201)
    status = 503
    expect { delivery.deliver("x") }.to raise_error(MailRoom::DeliveryError, /answered 503/)
  end
end
