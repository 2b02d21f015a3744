# frozen_string_literal: true

# Hosts call Net::IMAP without requiring it, because the original loaded it. It is loaded on first use.
module Net
  autoload :IMAP, "net/imap"
end

# Watches mailboxes and hands every message to your application, once.
#
# Requiring it starts nothing: no thread, no connection.
module MailRoom
end

require "mail_room/version"
require "mail_room/errors"
require "mail_room/native"
require "mail_room/message"
require "mail_room/imap/message"
require "mail_room/jwt"
require "mail_room/logger/structured"
require "mail_room/delivery"
require "mail_room/arbitration"
require "mail_room/matcher"
require "mail_room/mailbox"
require "mail_room/configuration"
require "mail_room/gitlab_config"
require "mail_room/mailbox_watcher"
require "mail_room/coordinator"
require "mail_room/crash_handler"
require "mail_room/cli"
