# frozen_string_literal: true

require "net/imap"
require "openssl"
require "timeout"

# The specs' own view of a mailbox: what a mail program would see and do, and raw commands where Net::IMAP has none.
#
#   ImapClient.open(host:, port:, user:, password:) do |imap|
#     imap.uids("UNSEEN")                  # => [1, 2]
#     imap.messages                        # => [Message(uid, flags, body)]
#   end
class ImapClient
  Message = Struct.new(:uid, :flags, :body, keyword_init: true)

  DEADLINE = 30

  # Yields a client that is logged in and has the mailbox selected, and logs out after.
  def self.open(mailbox: "INBOX", readonly: false, **options)
    client = new(**options)
    client.select(mailbox, readonly: readonly) if mailbox
    yield client
  ensure
    client&.close
  end

  # @return [Net::IMAP] for what is not here
  attr_reader :imap

  def initialize(host:, port:, user:, password:, ca_file: nil)
    @imap = Timeout.timeout(DEADLINE) do
      Net::IMAP.new(host, port: port, ssl: ca_file && { ca_file: ca_file, verify_mode: OpenSSL::SSL::VERIFY_PEER })
        .tap { |imap| imap.login(user, password) }
    end
  end

  # EXAMINE when readonly: it leaves \Recent where it is.
  def select(mailbox, readonly: false) = bounded { readonly ? imap.examine(mailbox) : imap.select(mailbox) }

  def uid_validity = bounded { imap.responses["UIDVALIDITY"]&.last }

  def uids(program = "ALL") = bounded { imap.uid_search(program).to_a.sort }

  # All messages of the selected mailbox, in the order of their UIDs; flags as symbols (:Seen) or strings (keywords).
  def messages
    found = bounded { imap.uid_fetch(1..-1, %w[UID FLAGS BODY.PEEK[]]) } || []
    found.map { |data| Message.new(uid: data.attr["UID"], flags: data.attr["FLAGS"] - [:Recent], body: data.attr["BODY[]"].to_s) }
      .sort_by(&:uid)
  end

  def store(uids, change, flags) = bounded { imap.uid_store(uids, change, flags) }

  def append(raw, mailbox: "INBOX", flags: []) = bounded { imap.append(mailbox, raw, flags) }

  def create(mailbox) = bounded { imap.create(mailbox) }

  def delete(mailbox) = bounded { imap.delete(mailbox) }

  def rename(mailbox, name) = bounded { imap.rename(mailbox, name) }

  # Deletes the messages for good.
  def expunge(uids)
    store(uids, "+FLAGS.SILENT", [:Deleted])
    bounded { imap.expunge }
  end

  def noop = bounded { imap.noop }

  def capabilities = bounded { imap.capability }

  def close
    Timeout.timeout(2) { imap.logout }
    imap.disconnect
  rescue Timeout::Error, IOError, SystemCallError, Net::IMAP::Error
    nil
  end

  private

  def bounded(&block) = Timeout.timeout(DEADLINE, &block)
end
