# frozen_string_literal: true

require "etc"
require "fileutils"
require "tmpdir"

# What the IMAP servers of the interop specs have in common: a folder and a port of their own, and mail that goes in and is
# looked at through IMAP. A server adds `start`, `kill9` and how a user comes to a mailbox.
class InteropServer
  PASSWORD = "secret"

  attr_reader :dir, :host, :port

  def initialize
    @dir = Dir.mktmpdir("interop", DovecotConfig.short_tmpdir)
    File.chmod(0o755, @dir)
    @host = "127.0.0.1"
    @port = ServerProcess.free_port
  end

  def password = PASSWORD

  # Puts a mail in, if this server takes such a mail at all: some refuse NUL octets, bare line feeds or no header.
  #
  # @return [Boolean]
  def offer(user, raw, mailbox: "INBOX")
    imap(user, mailbox: nil) { |client| client.append(raw, mailbox: mailbox) }
    true
  rescue Net::IMAP::NoResponseError, Net::IMAP::BadResponseError, Net::IMAP::ByeResponseError, EOFError
    false
  end

  # The same for many, over as few connections as it lets us: some hang up at a mail they do not like.
  #
  # @return [Integer] how many it took
  def offer_all(user, mails, mailbox: "INBOX")
    left = mails.dup
    taken = 0
    taken += offer_while_connected(user, left, mailbox) until left.empty?
    taken
  end

  def messages(user, mailbox: "INBOX") = imap(user, mailbox: mailbox, readonly: true, &:messages)

  def uids(user, program = "ALL", mailbox: "INBOX")
    imap(user, mailbox: mailbox, readonly: true) { |client| client.uids(program) }
  end

  def imap(user, mailbox: "INBOX", readonly: false, &block)
    ImapClient.open(host: host, port: port, user: user, password: password, mailbox: mailbox, readonly: readonly, &block)
  end

  # A mail as it was put in, where the server writes notes of its own into it.
  def self.without_notes(body) = body

  # The name of a folder as this server has it.
  def folder(name) = name

  def remove
    kill9
  ensure
    FileUtils.remove_entry(dir, true)
  end

  private

  def offer_while_connected(user, left, mailbox)
    taken = 0
    imap(user, mailbox: nil) do |client|
      while (raw = left.shift)
        begin
          client.append(raw, mailbox: mailbox)
          taken += 1
        rescue Net::IMAP::NoResponseError, Net::IMAP::BadResponseError
          nil
        end
      end
    end
    taken
  rescue Net::IMAP::ByeResponseError, EOFError
    taken
  end

  # Whom the mail belongs to.
  def owner
    @owner ||= Process.uid.zero? ? Etc.getpwnam("nobody") : Etc.getpwuid
  end
end
