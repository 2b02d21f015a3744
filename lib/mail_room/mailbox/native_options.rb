# frozen_string_literal: true

require_relative "../arbitration"
require_relative "../delivery"
require_relative "../errors"
require_relative "../options/auth_options"
require_relative "../options/graph_options"
require_relative "../options/log_target"
require_relative "../options/matching_options"
require_relative "../options/rejection_options"
require_relative "../options/tables/mailbox"
require_relative "../options/tls_options"
require_relative "../options/trouble_options"
require_relative "../output/warnings"

module MailRoom
  # Converts a {Mailbox} for the native library.
  #
  # @api private
  module MailboxNativeOptions
    # What the native library wants in the place of IMAP's options. A message that was deleted at Graph is gone at once.
    NO_IMAP = { "password" => "", "host" => "", "port" => 0, "security" => "tls", "search_command" => "UNSEEN", "idle_timeout" => 1,
                "expunge_deleted" => true }.freeze
    MONTHS = %w[Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec].freeze
    private_constant :NO_IMAP, :MONTHS

    # @return [Hash{String=>Object}] for the native library
    # @raise [ConfigurationError]
    def to_native
      {
        **OptionTables::MAILBOX.native(self), **native_inbox,
        "tls" => TlsOptions.to_native(ssl.is_a?(Hash) ? ssl : {}, where: "ssl of #{title}"),
        "delete_after_delivery" => delete_after_delivery ? true : false, "since_first_run" => first_run?,
        "matching" => native_matching, "rejection" => RejectionOptions.to_native(self),
        "on_trouble" => (TroubleOptions.to_native(on_trouble, where: "on_trouble of #{title}") unless on_trouble.nil?),
        "delivery" => native_or_hook(Delivery, delivery_klass), "arbitration" => native_or_hook(Arbitration, arbitration_klass)
      }
    end

    # @param logger_number [Integer, nil] the number under which the lines for {Mailbox#logger_object} are fetched
    # @return [Hash{String=>Object}] like {#to_native}, with the log target
    # @raise [ConfigurationError]
    def to_watch(logger_number = nil)
      check_delivery_url
      log = logger_number ? { "ruby" => logger_number } : LogTarget.to_native(self[:logger][:log_path], field(:log_path))
      to_native.merge("log" => log)
    end

    # @return [Boolean] whether messages are left alone that were there before the mailbox was watched first
    def first_run?
      since == "first_run"
    end

    private

    # Where the messages come from.
    def native_inbox
      if microsoft_graph?
        graph = GraphOptions.to_native(inbox_options, where: "inbox_options of #{title}")
        return { **NO_IMAP, "graph" => { **graph, "since" => (since unless first_run?) }.compact }
      end

      { "password" => password.to_s, "auth" => (AuthOptions.to_native(auth, where: "auth of #{title}") unless auth.nil?),
        "host" => host, "port" => port, "security" => security, "search_command" => native_search, "idle_timeout" => idle_timeout,
        "expunge_deleted" => expunge_deleted ? true : false }
    end

    # What follows a search program is one more condition. SINCE compares the day on which the server received a message, and not what
    # its sender wrote (RFC 3501 section 6.4.4).
    def native_search
      return search_command if since.nil? || first_run?

      year, month, day = since.split("-").map { |part| Integer(part, 10) }
      "#{search_command} SINCE #{day}-#{MONTHS[month - 1]}-#{year}"
    end

    # `start_tls: true` beside the default `ssl: true` means TLS from the first byte: STARTTLS needs `ssl` to be false or a mapping.
    def security
      return "tls" if ssl == true || (ssl && !start_tls)

      start_tls ? "start_tls" : "plain"
    end

    # This is not checked at load: postback is the default, and a mailbox that is not watched needs no address.
    def check_delivery_url
      return unless delivery_klass == Delivery::Postback && Delivery::Postback::Options.new(self).url.to_s.empty?

      raise ConfigurationError, "#{field(:delivery_url)} is required: where messages are posted to"
    end

    def native_or_hook(methods, klass)
      return klass.to_native(self) if methods.native?(klass)

      # Those of our own that run in Ruby say now what is wrong with their options. An app's class may do anything in its Options.
      klass::Options.new(self) if klass.name.to_s.start_with?("MailRoom::")
      { "method" => "hook", "class_name" => klass.name || klass.inspect }
    end

    def native_matching
      raise ConfigurationError, "#{field(:matching)} is required where there is rejection" if matching.nil? && !rejection.nil?
      return if matching.nil?

      MatchingOptions.to_native(matching, where: "matching of #{title}").tap { |native| check_rejection(native["unmatched"]) }
    end

    def check_rejection(unmatched)
      return if (unmatched == "reject") == !rejection.nil?
      raise ConfigurationError, "#{field(:rejection)} is required where unmatched is reject" if rejection.nil?

      Warnings.once([:rejection, email, name], "rejection of #{title} does nothing: unmatched in matching is not reject")
    end
  end
end
