# frozen_string_literal: true

require "etc"
require "fileutils"
require "tmpdir"
require_relative "certificates"
require_relative "dovecot_config"
require_relative "imap_client"
require_relative "maildir"
require_relative "private_server"
require_relative "server_process"

# A private Dovecot on the loopback: free ports (kept over restarts), a temporary folder of its own, and whoever logs in
# with the password has a mailbox. Runs as root (then mail belongs to `nobody`) and as anybody else.
#
#   dovecot = TestDovecot.new.start
#   dovecot.append("jane@example.com", "Subject: x\r\n\r\nHello")      # straight into the Maildir: fast, noticed by IDLE
#   dovecot.messages("jane@example.com")                               # => [Message(uid, flags, body)]
#   dovecot.kill9; dovecot.start; dovecot.remove
class TestDovecot
  include PrivateServer

  PASSWORD = "secret"

  attr_reader :dir, :host, :port, :tls_port, :certificates

  # @param capabilities [Array<String>, nil] announce exactly these after login
  # @param without [Array<String>] announce all but these ("IDLE", "UIDPLUS")
  # @param plain_login [Boolean] false: LOGINDISABLED without TLS
  # @param read_only [Boolean] SELECT answers [READ-ONLY]
  # @param certificate [Symbol, #call] what of Certificates it shows: :server, :expired, :wrong_host, :self_signed, :common_name_only,
  #   or what the block makes of them
  # @param max_userip_connections [Integer]
  # @param introspection [String, nil] takes tokens of OAuth 2.0, too, and asks this address what they are worth (RFC 7662)
  # @param config [String] further lines of dovecot.conf
  def initialize(capabilities: nil, without: [], plain_login: true, read_only: false, certificate: :server,
                 max_userip_connections: 500, introspection: nil, config: "")
    @options = { capabilities: capabilities || (without.empty? ? nil : DovecotConfig::CAPABILITIES - without), plain_login: plain_login,
                 read_only: read_only, max_userip_connections: max_userip_connections,
                 introspection: introspection, extra: config }
    # Dovecot trusts a client that has its own address: to be strict it must listen on another one than we call from.
    @host = plain_login ? "127.0.0.1" : "127.0.0.2"
    @dir = Dir.mktmpdir("dovecot", DovecotConfig.short_tmpdir)
    File.chmod(0o755, @dir)
    @certificates = Certificates.new(File.join(@dir, "certificates"))
    @pair = certificate.respond_to?(:call) ? certificate.call(@certificates) : @certificates.public_send(certificate)
    @port = ServerProcess.free_port
    @tls_port = ServerProcess.free_port
    @process = ServerProcess.new(["dovecot", "-F", "-c", config_file], out: File.join(@dir, "dovecot.log"))
    make_mail_folder
  end

  def start
    File.write(config_file, DovecotConfig.new(dir: dir, host: host, port: port, tls_port: tls_port, pair: @pair, owner: owner,
                                              password: PASSWORD, **@options).to_s)
    @process.start
    @process.await("Dovecot to greet") { greets? }
    self
  end

  def ca_file = certificates.ca_file

  def password = PASSWORD

  # A user nobody used before.
  def new_user(name = "incoming")
    "#{name}-#{format("%04d", @users = @users.to_i + 1)}@example.com"
  end

  # Delivers a mail as a mail server does: a file appears in the Maildir.
  #
  # @param flags [Array<Symbol>] :Seen, :Deleted, :Flagged, :Answered, :Draft
  # @param received [Time, nil] the INTERNALDATE; nil: now
  def append(user, raw, mailbox: "INBOX", flags: [], received: nil)
    maildir(user, mailbox).add(raw, flags, received: received)
  end

  # Delivers through IMAP: slower, but the server answers when it is done.
  def imap_append(user, raw, mailbox: "INBOX", flags: [])
    imap(user, mailbox: nil) { |client| client.append(raw, mailbox: mailbox, flags: flags) }
  end

  # What is in a mailbox. Looking changes nothing, \Recent included.
  #
  # @return [Array<ImapClient::Message>] uid, flags (:Seen, ...), body
  def messages(user, mailbox: "INBOX")
    imap(user, mailbox: mailbox, readonly: true, &:messages)
  end

  # @return [Array<Integer>] without a body, for large mailboxes
  def uids(user, program = "ALL", mailbox: "INBOX")
    imap(user, mailbox: mailbox, readonly: true) { |client| client.uids(program) }
  end

  # Yields an ImapClient with the mailbox selected (nil: none).
  def imap(user, mailbox: "INBOX", readonly: false, &block)
    encrypted = @options[:plain_login] ? { port: port } : { port: tls_port, ca_file: ca_file }
    ImapClient.open(host: host, user: user, password: password, mailbox: mailbox, readonly: readonly, **encrypted, &block)
  end

  # Makes the UIDVALIDITY of a mailbox another one, as a restored backup does: all UIDs mean something else after.
  def change_uid_validity(user, mailbox: "INBOX")
    maildir(user, mailbox).forget_uids
  end

  # Ends connections as an administrator does: BYE, then close. All of them, or those of one user.
  def kick(user = nil)
    system("doveadm", "-c", config_file, "kick", user || "*", out: File::NULL, err: File::NULL)
  end

  private

  def config_file = File.join(dir, "dovecot.conf")

  def maildir(user, mailbox)
    ((@maildirs ||= {})[[user, mailbox]] ||= Maildir.new(File.join(dir, "mail", user), mailbox, owner: owner))
  end

  # Dovecot refuses to touch mail as root.
  def owner
    @owner ||= Process.uid.zero? ? Etc.getpwnam("nobody") : Etc.getpwuid
  end

  def make_mail_folder
    mail = File.join(dir, "mail")
    FileUtils.mkdir_p(mail)
    FileUtils.chown(owner.uid, owner.gid, mail)
  end

  def greets?
    socket = TCPSocket.new(host, port)
    socket.wait_readable(5) && socket.gets.to_s.start_with?("* OK")
  rescue SystemCallError
    false
  ensure
    socket&.close
  end
end
