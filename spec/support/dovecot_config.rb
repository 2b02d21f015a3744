# frozen_string_literal: true

require "etc"
require "tmpdir"

# The dovecot.conf of a private Dovecot, in the language of 2.3 (Debian 12) or of 2.4 (Debian 13).
class DovecotConfig
  # What Dovecot announces after login.
  CAPABILITIES = %w[
    IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE SORT SORT=DISPLAY THREAD=REFERENCES THREAD=REFS THREAD=ORDEREDSUBJECT MULTIAPPEND
    URL-PARTIAL CATENATE UNSELECT CHILDREN NAMESPACE UIDPLUS LIST-EXTENDED I18NLEVEL=1 CONDSTORE QRESYNC ESEARCH ESORT SEARCHRES WITHIN
    CONTEXT=SEARCH LIST-STATUS BINARY MOVE SNIPPET=FUZZY PREVIEW=FUZZY PREVIEW STATUS=SIZE SAVEDATE LITERAL+ NOTIFY
  ].freeze

  # Paths of unix sockets end after 107 characters.
  def self.short_tmpdir = Dir.tmpdir.size > 40 ? "/tmp" : Dir.tmpdir

  def self.version = @version ||= `dovecot --version`[/\A\d+\.\d+/].to_f

  # Lines that give every user a quota of so many kilobytes.
  def self.quota(kilobytes)
    return <<~CONF if version < 2.4
      mail_plugins = quota
      protocol imap {
        mail_plugins = quota imap_quota
      }
      plugin {
        quota = maildir:User quota
        quota_rule = *:storage=#{kilobytes}K
      }
    CONF

    <<~CONF
      mail_plugins {
        quota = yes
      }
      protocol imap {
        mail_plugins {
          imap_quota = yes
        }
      }
      quota "User quota" {
        driver = count
        storage_size = #{kilobytes}K
      }
    CONF
  end

  # Lines that switch on access control lists (RFC 4314), for IMAP clients to look at, and what is in `file`.
  def self.acl(file)
    return <<~CONF if version < 2.4
      mail_plugins = acl
      protocol imap {
        mail_plugins = acl imap_acl
      }
      plugin {
        acl = vfile:#{file}
      }
    CONF

    <<~CONF
      mail_plugins {
        acl = yes
      }
      protocol imap {
        mail_plugins {
          imap_acl = yes
        }
      }
      acl_driver = vfile
      acl_global_path = #{file}
    CONF
  end

  def initialize(**options)
    @options = options
  end

  def to_s
    [common, self.class.version < 2.4 ? settings_before_two_four : settings_since_two_four, services, options.fetch(:extra)].join("\n")
  end

  private

  attr_reader :options

  def dir = options.fetch(:dir)

  def us = @us ||= Etc.getpwuid

  def group = @group ||= Etc.getgrgid(us.gid)

  # Started by root, services run as Dovecot's own users: its login service refuses to be root.
  def users
    return "" if us.uid.zero?

    "default_internal_user = #{us.name}\ndefault_internal_group = #{group.name}\ndefault_login_user = #{us.name}"
  end

  # Every service is unconfined: nothing of it is exposed, and only root could confine it.
  def common
    owner = options.fetch(:owner)
    <<~CONF
      listen = #{options.fetch(:host)}
      base_dir = #{dir}/run
      state_dir = #{dir}/state
      log_path = /dev/stderr
      #{users}
      default_client_limit = 2500
      first_valid_uid = #{[owner.uid, 1].max}
      first_valid_gid = 0
      mail_max_userip_connections = #{options.fetch(:max_userip_connections)}
      maildir_very_dirty_syncs = no
      auth_mechanisms = plain login#{" xoauth2 oauthbearer" if options[:introspection]}
      auth_failure_delay = 0 secs
      ssl = yes
      ssl_min_protocol = TLSv1.2
      shutdown_clients = yes
    CONF
  end

  def settings_before_two_four
    owner = options.fetch(:owner)
    <<~CONF
      protocols = imap
      mail_location = maildir:#{dir}/mail/%u
      ssl_cert = <#{options.fetch(:pair).cert_file}
      ssl_key = <#{options.fetch(:pair).key_file}
      disable_plaintext_auth = #{options.fetch(:plain_login) ? "no" : "yes"}
      #{"imap_capability = #{options[:capabilities].join(" ")}" if options[:capabilities]}
      #{tokens_before_two_four}
      passdb {
        driver = static
        args = password=#{options.fetch(:password)}
      }
      userdb {
        driver = static
        args = uid=#{owner.uid} gid=#{owner.gid} home=#{dir}/mail/%u
      }
      #{read_only("mail_plugins = acl\nplugin {\n  acl = vfile:#{dir}/acl\n}")}
    CONF
  end

  def settings_since_two_four
    owner = options.fetch(:owner)
    <<~CONF
      dovecot_config_version = 2.4.0
      dovecot_storage_version = 2.4.0
      protocols = imap
      mail_driver = maildir
      mail_path = #{dir}/mail/%{user}
      mail_home = #{dir}/mail/%{user}
      mail_uid = #{owner.uid}
      mail_gid = #{owner.gid}
      ssl_server_cert_file = #{options.fetch(:pair).cert_file}
      ssl_server_key_file = #{options.fetch(:pair).key_file}
      auth_allow_cleartext = #{options.fetch(:plain_login) ? "yes" : "no"}
      #{"imap_capability = #{options[:capabilities].join(" ")}" if options[:capabilities]}
      #{tokens_since_two_four}
      passdb static {
        password = #{options.fetch(:password)}
      }
      userdb static {
      }
      #{read_only("mail_plugins {\n  acl = yes\n}\nacl_driver = vfile\nacl_global_path = #{dir}/acl")}
    CONF
  end

  def services
    <<~CONF
      service imap-login {
        chroot =
        service_count = 0
        process_min_avail = 1
        process_limit = 1
        inet_listener imap {
          port = #{options.fetch(:port)}
        }
        inet_listener imaps {
          port = #{options.fetch(:tls_port)}
          ssl = yes
        }
      }
      service imap {
        process_min_avail = 1
        process_limit = 2000
      }
      service anvil {
        chroot =
      }
      service stats {
        chroot =
      }
    CONF
  end

  def tokens_before_two_four
    return unless options[:introspection]

    File.write(file = File.join(dir, "oauth2.conf"), <<~CONF)
      introspection_mode = post
      introspection_url = #{options[:introspection]}
      username_attribute = email
      active_attribute = active
      active_value = true
    CONF
    "passdb {\n  driver = oauth2\n  mechanisms = xoauth2 oauthbearer\n  args = #{file}\n}"
  end

  def tokens_since_two_four
    return unless options[:introspection]

    <<~CONF
      oauth2 {
        introspection_mode = post
        introspection_url = #{options[:introspection]}
        username_attribute = email
        active_attribute = active
        active_value = true
      }
      passdb oauth2 {
        mechanisms_filter = xoauth2 oauthbearer
      }
    CONF
  end

  # Everybody may look and read, nobody may write: no flags, no expunging.
  def read_only(lines)
    return "" unless options.fetch(:read_only)

    File.write(File.join(dir, "acl"), "* anyone lr\n* owner lr\n")
    lines
  end
end
