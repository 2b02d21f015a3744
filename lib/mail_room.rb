# frozen_string_literal: true

# Hosts use these without requiring them, because the original loaded them. JSON defines `to_json` of all objects, which templates of a
# configuration call, so it cannot wait for its first use.
require "json"
{ Base64: "base64", Logger: "logger", OpenSSL: "openssl", SecureRandom: "securerandom", URI: "uri" }
  .each { |name, file| autoload(name, file) }
module Net
  autoload :IMAP, "net/imap"
end

# Watches mailboxes and hands every message to your application, once.
#
# Requiring it starts nothing: no thread, no connection.
module MailRoom
  # The executable's part is loaded on first use: an application that watches mailboxes itself needs none of it.
  {
    Check: "check", CLI: "cli", CheckCommand: "cli/check_command", Command: "cli/command", CommandLine: "cli/command_line",
    ConfigCommand: "cli/config_command", MatchCommand: "cli/match_command", OnceCommand: "cli/once_command",
    SourceOptions: "cli/source_options", StatusCommand: "cli/status_command", ServiceManager: "watch/service_manager",
    ServedThread: "watch/served_thread"
  }.each { |name, file| autoload(name, File.expand_path("mail_room/#{file}", __dir__)) }
end

require_relative "mail_room/version"
require_relative "mail_room/errors"
require_relative "mail_room/native"
require_relative "mail_room/message"
require_relative "mail_room/imap/message"
require_relative "mail_room/jwt"
require_relative "mail_room/logger"
require_relative "mail_room/delivery"
require_relative "mail_room/arbitration"
require_relative "mail_room/matcher"
require_relative "mail_room/mailbox"
require_relative "mail_room/health_check"
require_relative "mail_room/configuration"
require_relative "mail_room/mailbox_watcher"
require_relative "mail_room/coordinator"
require_relative "mail_room/crash_handler"
