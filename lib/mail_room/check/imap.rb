# frozen_string_literal: true

require_relative "../native"
require_relative "folders"
require_relative "step"

module MailRoom
  module Check
    # The IMAP server of a mailbox: every step up to the folder and the messages that wait in it. Opens the folder with EXAMINE.
    class Imap
      # Days before its end that a warning about a certificate begins.
      SOON = 21
      DAY = 86_400
      LOOPBACK = /\A(?:localhost|127\.[\d.]+|\[?::1\]?)\z/i
      PASSWORD_FIX = "Check email and password; some providers require an app password, or IMAP must be enabled for the account"
      TOKEN_FIX = "Check email, scope and mechanism of auth, that the token is for this mailbox, and that the application may use IMAP"
      NOT_CONNECTED_FIX = "Try again in a minute, then check the token's scope, the licence, and that IMAP is enabled for the mailbox"
      private_constant :SOON, :DAY, :LOOPBACK, :PASSWORD_FIX, :TOKEN_FIX, :NOT_CONNECTED_FIX

      # @param mailbox [Mailbox]
      # @return [Array<Step>]
      def self.steps(mailbox)
        new(mailbox).steps
      end

      def initialize(mailbox)
        @mailbox = mailbox
        @folders = Folders.new(mailbox, "imap")
      end

      # @return [Array<Step>]
      def steps
        native = @mailbox.to_native
        @plain = native["security"] == "plain"
        Report.new(Native.check_imap(native), "imap", texts).steps { |name, facts, took| said(name, facts, took) }
      end

      private

      def texts
        box = @mailbox
        {
          "token" => ["Token can be had?", "Check auth: where the token comes from, and what the application may do there"],
          "resolved" => ["IMAP server name resolves?", "Check host (#{box.host}), and whether this machine's DNS knows it"],
          "connected" => ["IMAP server can be reached?",
                          "Check host and port (#{box.host}:#{box.port}), that the server runs, and the firewalls in between"],
          "greeted" => ["IMAP server answers?", "Check port, ssl and start_tls: usually 993 with ssl: true, or 143 with start_tls: true"],
          "start_tls" => ["IMAP server offers STARTTLS?", "Set ssl: true and its port (993), or enable STARTTLS at the server"],
          "nothing_slipped_in" => [nil, "Find out who is between this machine and the server"],
          "tls" => ["TLS certificate is trusted?", "Correct the certificate at the server, host, or ca_file in ssl"],
          "logged_in" => ["IMAP server credentials are correct?", box.auth ? TOKEN_FIX : PASSWORD_FIX],
          "mailbox" => ["Mailbox #{box.name} exists?", ->(facts) { mailbox_fix(facts) }],
          "unread" => ["Waiting messages can be counted?", "Check search_command (#{box.search_command})"], **@folders.texts
        }
      end

      def mailbox_fix(facts)
        facts["not_connected"] ? NOT_CONNECTED_FIX : other_names(facts["names"])
      end

      def other_names(names)
        return "Set name to a folder that this user has" if names.nil? || names.empty?

        "Set name to one of: #{names.join(", ")}"
      end

      def said(name, facts, took)
        case name
        when "resolved" then facts["addresses"].join(", ")
        when "greeted" then unencrypted(took) if @plain
        when "tls" then certificate(facts, took)
        when "capabilities" then [idle(facts, took), uidplus(*facts.values_at("uidplus", "move"))]
        when "unread" then @folders.said(name, facts, took) || "#{facts["unread"]} found by #{@mailbox.search_command}"
        else @folders.said(name, facts, took)
        end
      end

      def unencrypted(took)
        return if @mailbox.host.match?(LOOPBACK)

        Step.warning("imap.greeted", texts["greeted"].first, "the password and all mail are sent unencrypted",
                     "Set ssl: true or start_tls: true", took_ms: took)
      end

      def certificate(facts, took)
        question = texts["tls"].first
        unless facts["verified"]
          return Step.warning("imap.tls", question, "it is not verified: anybody can pretend to be the server",
                              "Name the right authority in ssl: ca_file, and remove verify_mode: none", took_ms: took)
        end
        return unless facts["not_after"]

        ends = Time.at(facts["not_after"]).utc
        days = ((ends - Time.now) / DAY).floor
        detail = "issued by #{facts["issuer"]}, valid until #{ends.strftime("%Y-%m-%d")}"
        return detail if days >= SOON

        Step.warning("imap.tls", question, "#{detail}: #{days} days", "Renew it at the server before it expires", took_ms: took)
      end

      # A server that accepts IDLE and announces nothing cannot be told from others without new mail.
      def idle(facts, took)
        question = "IMAP server supports IDLE?"
        return Step.ok("imap.idle", question, "answered, and ended with DONE", took_ms: took) if facts["idle"]

        pause = [@mailbox.idle_timeout, 60].min
        why = facts["idle_offered"] ? "it offers IDLE and refuses it" : "it does not offer IDLE"
        Step.warning("imap.idle", question, "#{why}: mail_room checks for new mail every #{pause} s instead of getting it at once",
                     "Enable IDLE at the server, if it supports it", answer: "no")
      end

      def uidplus(there, moves)
        question = "IMAP server supports UIDPLUS?"
        return Step.ok("imap.uidplus", question) if there
        return uncleared(question) if !moves && (@mailbox.delivered_mailbox || @mailbox.failed_mailbox)

        unless @mailbox.delete_after_delivery && @mailbox.expunge_deleted
          return Step.new(id: "imap.uidplus", question: question, status: :ok, answer: "no", detail: "it is not needed here")
        end

        expunging(question)
      end

      def uncleared(question)
        Step.warning("imap.uidplus", question,
                     "without it and without MOVE, messages that are moved stay in this folder as well, deleted but not expunged",
                     "Expunge the folder with a mail program from time to time", answer: "no")
      end

      def expunging(question)
        Step.warning("imap.uidplus", question, "expunging also removes messages that others have marked as deleted",
                     "Let nobody else use this folder, or set expunge_deleted: false", answer: "no")
      end
    end
  end
end
