# frozen_string_literal: true

require "socket"

RSpec.describe MailRoom::Check::Imap do
  include Checking

  let(:user) { dovecot.new_user }

  def mailbox(**options)
    { email: user, password: dovecot.password, host: dovecot.host, port: dovecot.port, ssl: false, name: "INBOX", delivery_method: "noop",
      **options }
  end

  def tls(server = dovecot, **options)
    mailbox(host: server.host, port: server.tls_port, ssl: { ca_file: server.ca_file }, **options)
  end

  def on(**options)
    server = TestDovecot.new(**options).start
    yield server
  ensure
    server&.remove
  end

  it "finds everything well and changes nothing" do
    dovecot.append(user, "Subject: a\r\n\r\nx", flags: [:Flagged])
    dovecot.append(user, "Subject: b\r\n\r\nx")
    steps = steps_of(tls)
    expect(steps.map { |step| [step.id, step.status, step.answer] }).to eq(
      %w[configuration imap.resolved imap.connected imap.tls imap.greeted imap.logged_in imap.mailbox imap.idle imap.uidplus imap.unread]
        .map { |id| [id, :ok, "yes"] }
    )
    expect(steps.map(&:question)).to include("IMAP server credentials are correct?", "Mailbox INBOX exists?")
    expect(steps.last.detail).to eq("2 found by UNSEEN")
    expect([steps[7].detail, steps[7].took_ms]).to match(["answered, and ended with DONE", be_between(100, 5000)])
    expect(steps[3].detail).to match(/\Aissued by mail_room specs CA, valid until \d{4}-\d\d-\d\d\z/)
    dovecot.imap(user, mailbox: nil) do |client|
      expect(client.imap.status("INBOX", %w[RECENT UNSEEN])).to eq("RECENT" => 2, "UNSEEN" => 2)
    end
    expect(dovecot.messages(user).map(&:flags)).to contain_exactly([:Flagged], [])
  end

  it "tells how full the mailbox is" do
    on(config: DovecotConfig.quota(100)) do |server|
      box = mailbox(port: server.port, host: server.host)
      server.imap_append(user, "Subject: a\r\n\r\n#{"x" * 40_000}\r\n")
      expect(step_of("imap.quota", box).to_h)
        .to include(status: :ok, question: "Mailbox has room?", detail: /\A(39|4\d) % of STORAGE used\z/)
      server.imap_append(user, "Subject: a\r\n\r\n#{"x" * 54_000}\r\n")
      expect(step_of("imap.quota", box).to_h)
        .to include(status: :warning, detail: /\A9\d % of STORAGE used: soon the server takes no more mail/, fix: /raise the quota/)
    end
  end

  describe "the folders that messages are moved to" do
    let(:folders) { dovecot.imap(user) { |client| client.imap.list("", "*").map(&:name) } }

    # @return [Array<Array>] question, status and detail of each folder's step
    def folders_of(**options)
      steps_of(mailbox(**options)).select { |step| step.id.end_with?("_mailbox") }.map { |step| [step.id, step.status, step.detail] }
    end

    it "are looked for and not made" do
      dovecot.append(user, "x", mailbox: "Done")
      expect(folders_of(failed_mailbox: "Failed.Über %1*", delivered_mailbox: "Done")).to eq(
        [["imap.failed_mailbox", :ok,
          "Failed.Über %1* is made when it is first needed; the server reports no rights, so whether that works shows then"],
         ["imap.delivered_mailbox", :ok, "Done; the server reports no rights, so whether it takes messages shows with the first one"]]
      )
      expect(folders).to contain_exactly("INBOX", "Done")
      dovecot.imap(user, mailbox: nil) { |client| expect(client.imap.status("Done", %w[RECENT])).to eq("RECENT" => 1) }
    end

    it "are written as the server separates the parts of a path" do
      step = step_of("imap.delivered_mailbox", mailbox(delivered_mailbox: "Archive/Done"))
      expect(step.to_h).to include(status: :warning, fix: "For a folder in a folder, write Archive.Done in delivered_mailbox",
                                   detail: /\Athere is no Archive.Done, and to this server that is one name and no path/)
    end

    it "must not be the one that is watched" do
      config = "namespace inbox {\n  inbox = yes\n  separator = .\n  prefix = INBOX.\n}"
      on(config: config) do |server|
        server.append(user, "x", mailbox: "Shop")
        expect(folders_of(port: server.port, name: "Shop", failed_mailbox: "INBOX.Shop", delivered_mailbox: "INBOX.Other")).to match(
          [["imap.failed_mailbox", :failed, "INBOX.Shop is the folder that is watched"], ["imap.delivered_mailbox", :ok, /is made/]]
        )
      end
    end

    describe "of a server that reports rights" do
      before do
        Dir.mktmpdir do |dir|
          File.write(File.join(dir, "acl"), rules)
          FileUtils.chmod_R(0o755, dir)
          on(config: DovecotConfig.acl(File.join(dir, "acl"))) do |server|
            @server = server
            %w[Full NoInsert Closed Dropbox].each { |name| server.append(user, "x", mailbox: name) }
            @before = listed
            @found = cases.keys.to_h do |name|
              [name, %i[failed_mailbox delivered_mailbox].flat_map { |key| folders_of(port: server.port, key => name) }]
            end
            @after = listed
          end
        end
      end

      let(:rules) { <<~ACL }
        NoInsert owner lrswtek
        Closed owner lrswtiex
        Dropbox owner lip
      ACL

      let(:cases) do
        { "Full" => [:ok, "Full"],
          "New" => [:ok, "New is made when it is first needed"],
          "Full.New" => [:ok, "Full.New is made when it is first needed"],
          "NoInsert" => [:failed, /\Amessages may not be put into NoInsert: of the rights there \(\w+\) i is missing\z/],
          "Dropbox" => [:ok, "Dropbox"],
          "NoInsert.New" => [:ok, "NoInsert.New is made when it is first needed"],
          "Closed" => [:ok, "Closed"],
          "Closed.A.B" => [:failed, /\Athere is no Closed.A.B, and it may not be made: of the rights on Closed \(\w+\) k is missing\z/] }
      end

      def listed
        @server.imap(user, mailbox: nil) do |client|
          client.imap.list("", "*").to_h { |folder| [folder.name, (client.imap.status(folder.name, %w[MESSAGES RECENT]) rescue nil)] } # rubocop:disable Style/RescueModifier
        end
      end

      it "may take messages, or be made, or not" do
        expect(@found).to match(cases.transform_values do |told|
          %w[imap.failed_mailbox imap.delivered_mailbox].map { |id| [id, *told] }
        end)
        expect(@after).to eq(@before)
      end
    end
  end

  describe "what does not work" do
    it "is a name that nobody knows" do
      expect(lines_of("imap.resolved", mailbox(host: "no-such-host.invalid"))).to match(
        [/\A\S IMAP server name resolves\? ... no \(\d+ ms\)\z/, /\A    the host name cannot be resolved: /,
         "    Try fixing it: Check host (no-such-host.invalid), and whether this machine's DNS knows it"]
      )
    end

    it "is a server that is not there" do
      lines = lines_of("imap.connected", mailbox(port: ServerProcess.free_port))
      expect(lines).to match([/IMAP server can be reached\? ... no/, /cannot connect: 127.0.0.1: Connection refused/,
                              /Try fixing it: Check host and port \(127.0.0.1:\d+\), that the server runs/])
    end

    it "is a server of something else" do
      listener = TCPServer.new("127.0.0.1", 0)
      smtp = Thread.new { listener.accept.tap { |socket| socket.write("220 mx ESMTP\r\n") } }
      expect(lines_of("imap.greeted", mailbox(port: listener.addr[1])))
        .to match([/IMAP server answers\? ... no/, /does not greet like an IMAP server/, /usually 993 with ssl: true/])
      smtp.value.close
    ensure
      listener&.close
    end

    it "is a server that says nothing, for half a minute", :slow do
      silent = TCPServer.new("127.0.0.1", 0)
      started = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      expect(step_of("imap.greeted", mailbox(port: silent.addr[1])).detail).to match(/no greeting: .*want TLS from the first byte/)
      expect(Process.clock_gettime(Process::CLOCK_MONOTONIC) - started).to be_between(25, 35)
    ensure
      silent&.close
    end

    it "is TLS where there is none" do
      expect(lines_of("imap.tls", mailbox(ssl: true)))
        .to match([/TLS certificate is trusted\? ... no/, /does not speak TLS on this port/, /Try fixing it: /])
    end

    it "is a certificate of an authority nobody knows" do
      expect(lines_of("imap.tls", tls(ssl: true))[1]).to match(/is not trusted: its issuer is unknown to this system/)
    end

    it "is a certificate that expired, or is somebody else's" do
      on(certificate: :expired) { |server| expect(step_of("imap.tls", tls(server)).detail).to match(/it expired on \d{4}-\d\d-\d\d/) }
      on(certificate: :wrong_host) { |server| expect(step_of("imap.tls", tls(server)).detail).to match(/it is for somewhere.else.example/) }
    end

    it "is STARTTLS that is not offered" do
      on(config: "ssl = no") do |server|
        expect(lines_of("imap.start_tls", mailbox(host: server.host, port: server.port, start_tls: true)))
          .to match([/IMAP server offers STARTTLS\? ... no/, /start_tls is set, but the server does not offer STARTTLS/, /ssl: true/])
      end
    end

    it "is a login in clear where none is taken" do
      on(plain_login: false) do |server|
        expect(step_of("imap.logged_in", mailbox(host: server.host, port: server.port)).detail)
          .to eq("the server takes no login in clear: set ssl: true or start_tls: true")
        start_tls = { ssl: { ca_file: server.ca_file }, start_tls: true }
        expect(steps_of(mailbox(host: server.host, port: server.port, **start_tls)).map(&:status).uniq).to eq([:ok])
      end
    end

    it "is a wrong password, which it does not tell" do
      lines = lines_of("imap.logged_in", mailbox(password: "hidden"))
      expect(lines).to match([/\A\S IMAP server credentials are correct\? ... no \(\d+ ms\)\z/, /login refused, check email and password/,
                              /Try fixing it: Check email and password; some providers require an app password/])
      expect(lines.join).not_to include("hidden")
    end

    it "is a mailbox that does not exist, beside those that do" do
      dovecot.imap(user, mailbox: nil) do |client|
        client.create("Archive.2026")
        client.create(Net::IMAP.encode_utf7("Entwürfe & mehr"))
      end
      lines = lines_of("imap.mailbox", mailbox(name: "Posteingang"))
      expect(lines.first(2)).to match([/Mailbox Posteingang exists\? ... no/,
                                       /the server does not open mailbox Posteingang: Mailbox doesn't exist/])
      expect(lines.last).to start_with("    Try fixing it: Set name to one of: ").and include("INBOX", "Archive.2026", "Entwürfe & mehr")
    end

    it "is a search program that the server does not understand" do
      expect(lines_of("imap.unread", mailbox(search_command: "UNSEEN XYZZY")))
        .to match([/Waiting messages can be counted\? ... no/, /does not understand search_command/,
                   /Check search_command \(UNSEEN XYZZY\)/])
    end
  end

  describe "what works, at a price" do
    it "is a server that can neither move nor expunge single messages" do
      on(without: %w[MOVE UIDPLUS]) do |server|
        expect(step_of("imap.uidplus", mailbox(host: server.host, port: server.port, failed_mailbox: "Failed")).to_h)
          .to include(status: :warning, answer: "no", detail: /messages that are moved stay in this folder as well/)
      end
    end

    it "is a certificate that ends soon" do
      ending_in = ->(days) { ->(all) { all.issue("soon", names: Certificates::HERE, to: (days * Certificates::DAY) + 3600) } }
      on(certificate: ending_in.call(20)) do |server|
        expect(step_of("imap.tls", tls(server)).to_h)
          .to include(status: :warning, answer: "yes", detail: /, valid until .*: 20 days\z/, fix: /Renew it at the server/)
      end
      on(certificate: ending_in.call(22)) { |server| expect(step_of("imap.tls", tls(server)).status).to eq(:ok) }
    end

    it "is a certificate that is not verified" do
      step = step_of("imap.tls", tls(ssl: { verify_mode: "none" }))
      expect(step.to_h).to include(status: :warning, answer: "yes", detail: "it is not verified: anybody can pretend to be the server")
    end

    it "is a server without IDLE and UIDPLUS" do
      on(without: %w[IDLE UIDPLUS]) do |server|
        box = mailbox(host: server.host, port: server.port, idle_timeout: 90)
        expect(lines_of("imap.idle", box))
          .to match([/\A! IMAP server supports IDLE\? ... no\z/, /does not offer IDLE: mail_room checks for new mail every 60 s/,
                     /Try fixing it: /])
        expect(step_of("imap.uidplus", box).to_h).to include(status: :ok, answer: "no", detail: "it is not needed here")
        expect(step_of("imap.uidplus", { **box, delivered_mailbox: "Done" }).to_h)
          .to include(status: :ok, answer: "no", detail: "it is not needed here")
        expunging = { **box, delete_after_delivery: true, expunge_deleted: true }
        expect(step_of("imap.uidplus", expunging).to_h).to include(status: :warning, answer: "no", detail: /others have marked as deleted/)
      end
    end
  end
end
