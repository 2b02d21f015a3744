# frozen_string_literal: true

require_relative "debian_files"
require_relative "imap_server"
require_relative "login_front"

# A private imap4d of GNU Mailutils over mbox files: no UIDPLUS, no MOVE, IDLE that announces nothing, line feeds for line ends.
class TestMailutils < InteropServer
  FILES = DebianFiles.new("mailutils", "mailutils-imap4d", "mailutils-common")

  def start
    @front = LoginFront.new(host, port, password) { |user| command(user) }
    @front.start
    self
  end

  def kill9 = @front&.kill9

  # The mbox format keeps UIDs and flags in headers.
  def self.without_notes(body) = body.gsub(/^(?:X-IMAPbase|X-UID|X-Status|Status): .*\r?\n/, "")

  # Not of IMAP: imap4d has no way to say whose mail it is but the system's user. Each has a folder with a configuration.
  def new_user
    name = "incoming#{@users = @users.to_i + 1}"
    %w[spool folders].each { |folder| FileUtils.mkdir_p(File.join(dir, name, folder)) }
    FileUtils.touch(File.join(dir, name, "spool", Etc.getpwuid.name))
    File.write(configuration(name), <<~CONF)
      preauth stdio;
      preauth-only yes;
      mailbox { mailbox-pattern "#{dir}/#{name}/spool/${user}"; mailbox-type "mbox"; };
      namespace personal { prefix "" { directory "#{dir}/#{name}/folders"; delimiter "/"; }; };
    CONF
    name
  end

  private

  def configuration(user) = File.join(dir, user, "imap4d.conf")

  def command(user)
    [FILES.env.merge("PATH" => ENV.fetch("PATH")), [FILES.path("usr/sbin/imap4d"), "--inetd", "--config-file=#{configuration(user)}"],
     { err: File::NULL }]
  end
end
