# frozen_string_literal: true

require_relative "debian_files"
require_relative "imap_server"

# A private Cyrus. Personal folders lie below `INBOX.`.
class TestCyrus < InteropServer
  FILES = DebianFiles.new("cyrus", "cyrus-imapd", "cyrus-common", "sasl2-bin", "libsasl2-modules-db", "libsasl2-modules")
  ADMINISTRATOR = "cyrus"

  def start
    configure unless File.exist?(file("imapd.conf"))
    program = FILES.path("usr/lib/cyrus/bin/master")
    @process ||= ServerProcess.new([program, "-C", file("imapd.conf"), "-M", file("cyrus.conf"), "-p", file("master.pid")],
                                   out: file("out"), env: FILES.env)
    @process.start
    @process.await_port(port)
    self
  end

  def kill9 = @process&.kill9

  def new_user
    name = "incoming#{@users = @users.to_i + 1}"
    add_password(name)
    ImapClient.open(host: host, port: port, user: ADMINISTRATOR, password: password, mailbox: nil) { |imap| imap.create("user.#{name}") }
    name
  end

  def folder(name) = "INBOX.#{name}"

  private

  def file(name) = File.join(dir, name)

  def configure
    %w[conf spool run].each { |folder| FileUtils.mkdir_p(file(folder)) }
    File.write(file("imapd.conf"), settings)
    File.write(file("cyrus.conf"), services)
    add_password(ADMINISTRATOR)
    FileUtils.chown_R(owner.uid, owner.gid, dir)
  end

  def add_password(name)
    IO.popen([FILES.env, FILES.path("usr/sbin/saslpasswd2"), "-p", "-c", "-f", file("sasldb"), "-u", "localhost", name], "w") do |stdin|
      stdin.write(password)
    end
    FileUtils.chown(owner.uid, owner.gid, file("sasldb"))
  end

  def settings
    <<~CONF
      configdirectory: #{file("conf")}
      defaultpartition: default
      partition-default: #{file("spool")}
      proc_path: #{file("run/proc")}
      mboxname_lockpath: #{file("run/lock")}
      idlesocket: #{file("run/idle")}
      notifysocket: #{file("run/notify")}
      duplicate_db_path: #{file("run/deliver.db")}
      statuscache_db_path: #{file("run/statuscache.db")}
      tls_sessions_db_path: #{file("run/tls_sessions.db")}
      admins: #{ADMINISTRATOR}
      cyrus_user: #{owner.name}
      cyrus_group: #{Etc.getgrgid(owner.gid).name}
      servername: localhost
      virtdomains: off
      altnamespace: no
      unixhierarchysep: no
      allowplaintext: yes
      sasl_pwcheck_method: auxprop
      sasl_auxprop_plugin: sasldb
      sasl_sasldb_path: #{file("sasldb")}
      sasl_mech_list: PLAIN
    CONF
  end

  def services
    program = ->(name) { "#{FILES.path("usr/lib/cyrus/bin/#{name}")} -C #{file("imapd.conf")}" }
    <<~CONF
      START {
        recover cmd="#{program.call("ctl_cyrusdb")} -r"
        idled cmd="#{program.call("idled")}"
      }
      SERVICES {
        imap cmd="#{program.call("imapd")}" listen="#{host}:#{port}" prefork=0 maxchild=100
      }
      EVENTS {
      }
    CONF
  end
end
