# frozen_string_literal: true

require_relative "debian_files"
require_relative "imap_server"
require_relative "login_front"

# A private Courier without a file alteration monitor: it takes IDLE and announces nothing. Personal folders lie below `INBOX.`.
class TestCourier < InteropServer
  FILES = DebianFiles.new("courier", "courier-imap", "courier-base")
  CAPABILITIES = "IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT THREAD=REFERENCES SORT QUOTA IDLE"

  def start
    @front = LoginFront.new(host, port, password) { |user| command(user) }
    @front.start
    self
  end

  def kill9 = @front&.kill9

  def new_user
    name = "incoming#{@users = @users.to_i + 1}@example.com"
    FileUtils.mkdir_p(home(name))
    system(FILES.env, FILES.path("usr/bin/maildirmake.courier"), maildir(name), exception: true)
    name
  end

  def folder(name) = "INBOX.#{name}"

  # Straight into the Maildir: without its monitor Courier takes more than a second for each command.
  def offer_all(user, mails, mailbox: "INBOX")
    folder = (@folders ||= {})[[user, mailbox]] ||= Maildir.new(maildir(user), mailbox.delete_prefix("INBOX."), owner: Etc.getpwuid)
    mails.each { |raw| folder.add(raw) }.size
  end

  def offer(user, raw, mailbox: "INBOX") = offer_all(user, [raw], mailbox: mailbox)

  private

  def home(user) = File.join(dir, user)

  def maildir(user) = File.join(home(user), "Maildir")

  def command(user)
    environment = FILES.env.merge("HOME" => home(user), "AUTHENTICATED" => user, "MAILDIR" => maildir(user),
                                  "IMAP_CAPABILITY" => CAPABILITIES, "PATH" => ENV.fetch("PATH"))
    [environment, [FILES.path("usr/bin/imapd"), "Maildir"], { chdir: home(user), err: File::NULL }]
  end
end
