# frozen_string_literal: true

require_relative "support/courier"
require_relative "support/cyrus"
require_relative "support/mailutils"

# The servers of Debian, one after the other: `rake interop`. Not in bin/test: it downloads packages.
RSpec.describe "interoperability", :interop, :servers do
  # A Dovecot as the others are used here.
  def self.dovecot_server(**options)
    Class.new(TestDovecot) do
      define_method(:initialize) { super(**options) }
      def offer_all(user, mails, mailbox: "INBOX")
        mails.each { |raw| mailbox == "INBOX" ? append(user, raw) : imap_append(user, raw, mailbox: mailbox) }.size
      end

      def offer(user, raw, mailbox: "INBOX") = offer_all(user, [raw], mailbox: mailbox)

      def folder(name) = name

      def self.without_notes(body) = body
    end
  end

  prefixed = Class.new(dovecot_server(config: <<~CONF)) { define_method(:folder) { |name| "INBOX.#{name}" } }
    namespace inbox {
      inbox = yes
      prefix = INBOX.
      separator = .
    }
  CONF

  servers = {
    "Dovecot" => dovecot_server,
    "Dovecot with a namespace prefix" => prefixed,
    "Dovecot without IDLE" => dovecot_server(without: %w[IDLE]),
    "Dovecot without UIDPLUS and MOVE" => dovecot_server(without: %w[UIDPLUS MOVE]),
    "Cyrus" => TestCyrus,
    "Courier" => TestCourier,
    "GNU Mailutils" => TestMailutils
  }

  def jobs = redis.call("LLEN", "queue:mails")

  servers.each do |name, server_class|
    describe name do
      let(:server) { @server ||= server_class.new.start }
      let(:user) { server.new_user }

      after do
        @server&.remove
        @endpoint&.stop
      end

      # Looks again after a second or two, so that a server without notifications is as quick as the others.
      def watching(**rest) = mail_room(mailbox(user, server: server, idle_timeout: 2, **rest))

      define_method(:as_put_in) { |bodies| bodies.map { |body| server_class.without_notes(body) } }

      def contents = as_put_in(server.messages(user).map(&:body))

      def expect_everything_once(expected)
        wait_until(60, -> { "#{expected.size} jobs, not #{jobs}: #{@mail_rooms.last.everything_said[-2000..]}" }) { jobs >= expected.size }
        expect(as_put_in(delivered)).to match_array(expected)
      end

      it "posts 60 assorted mails once and unchanged" do
        server.offer_all(user, Mails.assorted(60))
        expected = contents
        expect(expected.size).to be > 30
        @endpoint = HttpServer.new.start
        watching(delivery_method: "postback", delivery_options: { delivery_url: @endpoint.url })
        wait_until(60, -> { "all posts: #{@mail_rooms.last.everything_said[-2000..]}" }) { @endpoint.accepted.size >= expected.size }
        wait_until(20, "all to be seen") { server.uids(user, "UNSEEN").empty? }
        expect(as_put_in(@endpoint.accepted.map(&:body)).tally).to eq(expected.tally)
        expect(contents).to eq(expected)
      end

      it "empties the mailbox" do
        server.offer_all(user, Array.new(20) { |number| Mails.plain(number) })
        expected = contents
        watching(delete_after_delivery: true, expunge_deleted: true)
        expect_everything_once(expected)
        wait_until(20, "an empty mailbox") { server.uids(user).empty? }
      end

      it "delivers new mail while waiting" do
        process = watching
        process.await_log("Idling")
        expected = Array.new(3) do |number|
          server.offer(user, Mails.plain(number))
          wait_until(60, -> { "mail #{number}: #{process.everything_said[-2000..]}" }) { jobs == number + 1 }
          contents.last
        end
        expect(as_put_in(delivered)).to eq(expected)
      end

      it "moves a mail that is too large into the failed mailbox" do
        server.offer_all(user, [Mails.plain(0), Mails.plain(1, 50_000), Mails.plain(2)])
        before = contents
        watching(max_message_size: 20_000, failed_mailbox: "Failed")
        expect_everything_once([before[0], before[2]])
        folder = server.folder("Failed")
        found = nil
        wait_until(30, -> { "the mail in #{folder}: #{@mail_rooms.last.everything_said[-2000..]}" }) do
          found = server.messages(user, mailbox: folder)
          found.any?
        rescue Net::IMAP::NoResponseError
          false
        end
        expect(as_put_in(found.map(&:body))).to eq([before[1]])
        wait_until(20, "nothing unseen") { server.uids(user, "UNSEEN UNDELETED").empty? }
      end

      it "loses and doubles nothing when it is killed in the middle" do
        server.offer_all(user, Array.new(300) { |number| Mails.plain(number) })
        expected = contents
        2.times do
          already = jobs
          process = watching(delete_after_delivery: true, expunge_deleted: true)
          wait_until(30, "some jobs") { jobs > already || jobs == expected.size }
          process.kill9
        end
        watching(delete_after_delivery: true, expunge_deleted: true)
        expect_everything_once(expected)
        wait_until(60, "an empty mailbox") { server.uids(user).empty? }
      end

      # imap4d writes what a session has of the old folder over the new one, at its next SELECT at the latest.
      next if server_class == TestMailutils

      { "deleted" => ->(imap, folder) { imap.delete(folder) }, "renamed" => ->(imap, folder) { imap.rename(folder, "#{folder}-old") } }
        .each do |what, put_away|
        it "takes a folder that was #{what} and made anew for a new one" do
          folder = server.folder("Tickets")
          server.imap(user, mailbox: nil) { |imap| imap.create(folder) }
          server.offer_all(user, [Mails.plain(0), Mails.plain(1)], mailbox: folder)
          process = watching(name: folder, delete_after_delivery: true)
          wait_until(30, "two jobs") { jobs == 2 }
          server.imap(user, mailbox: nil) do |imap|
            put_away.call(imap, folder)
            imap.create(folder)
          end
          server.offer_all(user, [Mails.plain(2), Mails.plain(3)], mailbox: folder)
          wait_until(120, -> { "four jobs, not #{jobs}: #{process.everything_said[-3000..]}" }) { jobs == 4 }
          expect(delivered.map { |body| body[/Subject: Mail (\d)/, 1] }.sort).to eq(%w[0 1 2 3])
        end
      end
    end
  end
end
