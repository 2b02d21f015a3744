# frozen_string_literal: true

# The test servers do what the other specs take for granted.
RSpec.describe "the test servers" do
  def with(server)
    server.start
    yield server
  ensure
    server.remove
  end

  describe TestDovecot do
    let(:user) { dovecot.new_user }

    it "shows a mail that was dropped into the Maildir, with its flags, and tells an IDLE about the next" do
      dovecot.append(user, "Subject: one\r\n\r\nHello", flags: %i[Seen Flagged])
      dovecot.append(user, "")
      expect(dovecot.messages(user).map(&:to_a)).to eq([[1, %i[Flagged Seen], "Subject: one\r\n\r\nHello"], [2, [], ""]])

      dovecot.imap(user) do |client|
        client.imap.idle(20) do |response|
          dovecot.append(user, "Subject: three\r\n\r\n") if response.is_a?(Net::IMAP::ContinuationRequest)
          client.imap.idle_done if response.name == "EXISTS"
        end
        expect(client.uids).to eq([1, 2, 3])
      end
    end

    it "keeps mailboxes, users and UIDVALIDITY apart" do
      dovecot.append(user, "1", mailbox: "Support")
      expect([dovecot.uids(user, mailbox: "Support"), dovecot.uids(user), dovecot.uids(dovecot.new_user)]).to eq([[1], [], []])
      before, after = Array.new(2) do
        dovecot.change_uid_validity(user)
        dovecot.imap(user, &:uid_validity)
      end
      expect(after).not_to eq(before)
    end

    it "announces what it was told to, and is read-only when told to" do
      with(described_class.new(without: %w[IDLE UIDPLUS], read_only: true)) do |server|
        server.append("jane", "Hello")
        server.imap("jane") do |client|
          expect(client.capabilities).to include("IMAP4REV1")
          expect(client.capabilities & %w[IDLE UIDPLUS]).to be_empty
          expect(client.select("INBOX").data.code.name).to eq("READ-ONLY")
        end
      end
    end

    it "lets nobody log in without TLS when told to" do
      with(described_class.new(plain_login: false)) do |server|
        greeting = TCPSocket.open(server.host, server.port, &:gets)
        expect(greeting).to include("LOGINDISABLED", "STARTTLS")
        expect(server.uids("jane")).to eq([])
      end
    end

    %i[expired wrong_host self_signed].each do |certificate|
      it "has a certificate nobody should trust: #{certificate}" do
        with(described_class.new(certificate: certificate)) do |server|
          expect { ImapClient.new(host: "localhost", port: server.tls_port, user: "jane", password: "secret", ca_file: server.ca_file) }
            .to raise_error(OpenSSL::SSL::SSLError)
        end
      end
    end

    it "is the same server after a kill, and answers nothing while it is paused" do
      with(described_class.new) do |server|
        server.append("jane", "Hello")
        pid = server.pid
        server.kill9
        expect(File.exist?("/proc/#{pid}")).to be(false)
        server.start
        server.pause
        TCPSocket.open(server.host, server.port) do |socket|
          expect(socket.wait_readable(0.2)).to be_nil
          server.resume
          expect(socket.wait_readable(10)).to be_truthy
        end
        expect(server.messages("jane").map(&:body)).to eq(["Hello"])
      end
    end
  end

  describe TestRedis do
    it "answers over TCP, a unix socket and TLS, to who knows the password" do
      with(described_class.new(username: "mail", password: "secret", tls: true)) do |redis|
        redis.call("SET", "key", "gr\u00FCn")
        expect(redis.connect(path: redis.unix_path).call("GET", "key")).to eq("gr\u00FCn")
        tls = redis.connect(port: redis.tls_port, tls: { ca_file: redis.certificates.ca_file })
        expect(tls.pipeline([%w[GET key], %w[LPUSH key 1], %w[GET none]])).to match(["gr\u00FCn", an_instance_of(Resp::Error), nil])
        expect { redis.connect(password: "wrong") }.to raise_error(Resp::Error, /WRONGPASS/)
      end
    end

    it "keeps its data over a kill, and refuses writes while it is out of memory" do
      with(described_class.new(persistent: true)) do |redis|
        redis.call("SET", "key", "1")
        redis.kill9
        redis.start
        expect(redis.call("GET", "key")).to eq("1")
        redis.out_of_memory
        expect { redis.call("SET", "key", "2") }.to raise_error(Resp::Error, /OOM/)
        redis.memory_back
        expect(redis.call("SET", "key", "2")).to eq("OK")
      end
    end
  end

  describe TestSentinel do
    [{}, { tls: true, password: "sesame" }].each do |options|
      it "names the address of its master (#{options})" do
        with(TestRedis.new(password: "secret", tls: options.key?(:tls))) do |redis|
          with(described_class.new(redis, name: "gitlab-redis", **options)) do |sentinel|
            port = options[:tls] ? redis.tls_port : redis.port
            expect(sentinel.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "gitlab-redis")).to eq(["127.0.0.1", port.to_s])
          end
        end
      end
    end
  end

  describe ServerProcess do
    around do |example|
      Dir.mktmpdir do |dir|
        @dir = dir
        example.run
      end
    end

    def script(text) = described_class.new(["sh", "-c", text], out: File.join(@dir, "out")).start

    it "takes the children along when it is killed" do
      process = script("tail -f /dev/null & tail -f /dev/null")
      wait_until(10, "both to run") { process.group.size == 3 }
      process.kill9
      expect(process.group).to be_empty
    end

    it "says what a server said that did not start" do
      process = script("echo no such setting; exit 1")
      expect { process.await("anything") { false } }.to raise_error(/exit 1.*no such setting/m)
    end
  end
end
