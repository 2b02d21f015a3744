# frozen_string_literal: true

# Old messages that are left alone.
RSpec.describe "since", :servers do
  include Checking
  include GraphWatching

  let(:user) { dovecot.new_user }

  after { @servers&.each(&:stop) }

  it "leaves older messages alone, by the day on which the server received them" do
    # What senders write is of no matter.
    old = "Date: Sun, 1 Nov 2026 00:00:00 +0000\r\nSubject: old\r\n\r\nx\r\n".b
    new = "Date: Thu, 1 Jan 1970 00:00:00 +0000\r\nSubject: new\r\n\r\nx\r\n".b
    dovecot.append(user, old, received: Time.local(2020, 10, 31, 12))
    dovecot.append(user, new, received: Time.local(2020, 11, 1, 12))
    process = mail_room(mailbox(user, since: "2020-11-01"))
    process.await_log("Idling")
    dovecot.append(user, new)
    wait_until(20, -> { "two: #{process.everything_said}" }) { delivered.size == 2 && dovecot.uids(user, "SEEN").size == 2 }
    expect(delivered).to eq([new, new])
    expect(dovecot.uids(user, "UNSEEN")).to eq([1])
  end

  it "leaves older messages alone at Graph" do
    server = graph
    server.add("Subject: old\r\n\r\nx\r\n", received: Time.utc(2020, 10, 31, 23, 59, 59))
    server.add("Subject: new\r\n\r\nx\r\n", received: Time.utc(2020, 11, 1))
    process = mail_room(inbox(server, since: "2020-11-01"))
    wait_until(20, -> { "one: #{process.everything_said}" }) { server.unread.size == 1 && delivered.size == 1 }
    process.await_log("Idling")
    expect(delivered).to eq(["Subject: new\r\n\r\nx\r\n"])
    expect(server.unread.map(&:body)).to eq(["Subject: old\r\n\r\nx\r\n"])
  end

  describe "first_run" do
    def watch(**options) = mail_room(mailbox(user, since: "first_run", **options))

    it "leaves alone what was there before, over restarts, and nothing that comes later" do
      3.times { |number| dovecot.append(user, Mails.plain(number)) }
      process = watch
      process.await_log("Idling")
      dovecot.append(user, Mails.plain(10))
      wait_until(20, -> { "one: #{process.everything_said}" }) { delivered.size == 1 }
      expect(process.term.exitstatus).to eq(0)
      # While nobody watched.
      dovecot.append(user, Mails.plain(11))
      process = watch
      wait_until(20, -> { "another: #{process.everything_said}" }) { delivered.size == 2 && dovecot.uids(user, "UNSEEN").size == 3 }
      expect(delivered.map { |body| body[/Mail \d+/] }).to eq(["Mail 10", "Mail 11"])
      expect(dovecot.uids(user, "UNSEEN")).to eq([1, 2, 3])
      expect(redis.call("KEYS", "delivered:first_run:*").map { |key| redis.call("TTL", key) }).to eq([-1, -1])
    end

    it "still tells by the day what is old when UIDs have got a new meaning" do
      dovecot.append(user, "Subject: old\r\n\r\nx", received: Time.now - (3 * 86_400))
      process = watch
      process.await_log("Idling")
      process.term
      dovecot.change_uid_validity(user)
      dovecot.append(user, Mails.plain(10))
      process = watch
      wait_until(20, -> { "one: #{process.everything_said}" }) { delivered.size == 1 }
      process.await_log("Idling")
      expect(delivered.first).to include("Mail 10")
      expect(dovecot.uids(user, "UNSEEN").size).to eq(1)
    end

    describe "at Graph" do
      let(:second) { Time.now.round - 60 }

      def watch(server, **options)
        mail_room(inbox(server, since: "first_run", arbitration_method: "redis",
                                arbitration_options: { redis_url: redis.url, claim_ttl: 2 }, **options))
      end

      def delivered_subjects = delivered.map { |body| body[/^Subject: (.*?)\r$/, 1] }

      it "leaves alone what was there before, over restarts, and nothing that comes later" do
        server = graph
        server.add("Subject: old\r\n\r\nx", received: second - 5)
        2.times { server.add("Subject: newest\r\n\r\nx", received: second) }
        process = watch(server)
        process.await_log("Idling")
        # In the very second of the newest: not there before, and so not old. Our clock is of no matter.
        server.add("Subject: same second\r\n\r\nx", received: second)
        server.add("Subject: later\r\n\r\nx", received: second + 1)
        wait_until(20, -> { "two: #{process.everything_said}" }) { delivered.size == 2 && server.unread.size == 3 }
        process.term
        server.add("Subject: while nobody watched\r\n\r\nx", received: second + 2)
        process = watch(server)
        wait_until(20, -> { "three: #{process.everything_said}" }) { delivered.size == 3 && server.unread.size == 3 }
        expect(delivered_subjects).to eq(["same second", "later", "while nobody watched"])
        expect(redis.call("KEYS", "delivered:first_run:*").map { |key| redis.call("TTL", key) }).to eq([-1])
      end

      it "is not misled by a message that is dated in the future" do
        server = graph
        server.add("Subject: old\r\n\r\nx", received: second)
        server.add("Subject: imported\r\n\r\nx", received: Time.utc(2037))
        process = watch(server)
        process.await_log("Idling")
        server.add("Subject: new\r\n\r\nx", received: second + 1)
        wait_until(20, -> { "one: #{process.everything_said}" }) { delivered.size == 1 && server.unread.size == 2 }
        expect(delivered_subjects).to eq(["new"])
      end

      it "does not take the mail of a folder that is made anew for old" do
        server = graph
        desk = server.folder("Desk")
        server.add("Subject: old\r\n\r\nx", folder: desk, received: second)
        process = watch(server, name: "Desk")
        process.await_log("Idling")
        process.term
        server.remove_folder(desk)
        server.add("Subject: new\r\n\r\nx", folder: (desk = server.folder("Desk")), received: Time.now)
        process = watch(server, name: "Desk")
        wait_until(20, -> { "one: #{process.everything_said}" }) { delivered.size == 1 && server.unread(desk).empty? }
        expect(delivered_subjects).to eq(["new"])
        expect(redis.call("KEYS", "delivered:first_run:*").map { |key| redis.call("TTL", key) }).to eq([-1, -1])
      end

      it "begins with an empty folder" do
        server = graph
        process = watch(server)
        process.await_log("Idling")
        server.add("Subject: first\r\n\r\nx", received: Time.utc(2001))
        wait_until(20, -> { "one: #{process.everything_said}" }) { delivered.size == 1 && server.unread.empty? }
      end

      it "does not take for old what comes between the list and the question for the newest" do
        server = graph
        server.add("Subject: old\r\n\r\nx", received: second)
        added = false
        server.on_page do
          server.add("Subject: between\r\n\r\nx", received: second + 1) unless added
          added = true
        end
        process = watch(server)
        wait_until(20, -> { "one: #{process.everything_said}" }) { delivered.size == 1 && server.unread.size == 1 }
        expect(delivered_subjects).to eq(["between"])
      end

      it "is asked for at the first start when more than 500 messages wait" do
        server = graph(page: 500)
        501.times { |number| server.add(Mails.plain(number)) }
        expect(step_of("graph.unread", inbox(server)).to_h).to include(status: :warning, detail: /\A501 wait: all of them are delivered/)
        expect(step_of("graph.unread", inbox(server, since: "first_run", arbitration_method: "redis")).status).to eq(:ok)
        process = mail_room(inbox(server))
        expect(process.await_log("Many messages wait")["error"]).to match(/\A501 messages wait, .*set since/)
      end
    end

    it "needs somebody who remembers" do
      expect { MailRoom::Mailbox.new(mailbox(user, since: "first_run", arbitration_method: "noop", arbitration_options: {})) }
        .to raise_error(MailRoom::ConfigurationError, /:since in .* can be first_run with arbitration_method redis only/)
    end
  end

  it "is asked for in check and at the first start when more than 500 messages wait" do
    500.times { |number| dovecot.append(user, Mails.plain(number)) }
    expect(step_of("imap.unread", mailbox(user)).status).to eq(:ok)
    dovecot.append(user, Mails.plain(500), received: Time.local(2020, 1, 1))
    expect(step_of("imap.unread", mailbox(user)).to_h)
      .to include(status: :warning, detail: /\A501 wait: all of them are delivered/, fix: /\ASet since to the day/)
    expect(step_of("imap.unread", mailbox(user, since: "2020-01-02")).to_h).to include(status: :ok)
    process = mail_room(mailbox(user))
    expect(process.await_log("Many messages wait")["error"]).to match(/\A501 messages wait, .*set since/)
    wait_until(60, "all to be delivered") { delivered.size == 501 }
  end
end
