# frozen_string_literal: true

require "mail_room/arbitration"
require "mail_room/auth_options"
require "mail_room/coercion"
require "mail_room/delivery"
require "mail_room/log_target"
require "mail_room/logger/structured"
require "mail_room/matching_options"
require "mail_room/option_reader"
require "mail_room/redaction"
require "mail_room/rejection_options"
require "mail_room/search_program"
require "mail_room/tls_options"
require "mail_room/warnings"

module MailRoom
  # One mailbox and what becomes of its messages. The options of a mailbox are documented here, once.
  Mailbox = Struct.new(
    :email,                 # the user; required
    :password,              # the login's password; required without auth
    :host,                  # of the IMAP server; imap.gmail.com
    :port,                  # 1 to 65535; 993
    :ssl,                   # TLS from the first byte: true, false, or a hash, see TlsOptions; true
    :start_tls,             # STARTTLS, mandatory; false
    :limit_max_unread,      # messages handled in one pass, 0 is no limit; 0
    :idle_timeout,          # seconds after which IDLE is renewed at the latest, 1 to 1740; 1740
    :search_command,        # the IMAP search program that finds messages; UNSEEN
    :name,                  # the folder; required
    :inbox_method,          # imap
    :inbox_options,         # {}
    :delivery_klass,        # a class of the app's own; wins over delivery_method
    :delivery_method,       # noop, logger, sidekiq, que, letter_opener, a registered name; postback
    :log_path,              # for delivery_method logger
    :delivery_url,          # for delivery_method postback
    :delivery_token,        # for delivery_method postback
    :content_type,          # for delivery_method postback
    :location,              # for delivery_method letter_opener
    :delivery_options,      # see the classes of Delivery; {}
    :arbitration_klass,     # a class of the app's own; wins over arbitration_method
    :arbitration_method,    # noop, redis, a registered name; noop
    :arbitration_options,   # see the classes of Arbitration; {}
    :delete_after_delivery, # mark delivered messages \Deleted, too; false
    :expunge_deleted,       # expunge what was so deleted; false
    :logger,                # { log_path: path, :stdout, :stderr or an IO } or a Ruby Logger; {}
    :max_message_size,      # octets, from 1; a larger message is set aside without being downloaded; 67108864
    :max_delivery_attempts, # failures that count against a message before it is set aside, from 1; 5
    :failed_mailbox,        # the folder that messages set aside are moved to, made if missing; else they stay, flagged
    :matching,              # which messages are for the app, see MatchingOptions; nil: all of them
    :rejection,             # how senders are told where matching has unmatched: reject, see RejectionOptions; nil
    :auth,                  # a login with a token in place of the password, see AuthOptions; nil
    keyword_init: true
  )

  # See the list of options above.
  class Mailbox
    include Redaction.showing(:name, :email, :host, :port, :inbox_method, :delivery_method, :arbitration_method)

    # What an option is when it is not given. An explicit null counts as given.
    DEFAULTS = {
      host: "imap.gmail.com", port: 993, ssl: true, start_tls: false, limit_max_unread: 0, idle_timeout: 1740,
      search_command: "UNSEEN", inbox_method: "imap", inbox_options: {}, delivery_method: "postback", delivery_options: {},
      arbitration_method: "noop", arbitration_options: {}, delete_after_delivery: false, expunge_deleted: false,
      logger: {}, max_message_size: 64 << 20, max_delivery_attempts: 5
    }.freeze
    REQUIRED = %i[email password name host port search_command limit_max_unread idle_timeout max_message_size
                  max_delivery_attempts].freeze
    # Seconds. Servers hang up after 30 minutes of IDLE (RFC 2177).
    LONGEST_IDLE = 1740
    NUMBERS = { port: 1..65_535, limit_max_unread: 0.., idle_timeout: 1.., max_message_size: 1..,
                max_delivery_attempts: 1..0xFFFF_FFFF }.freeze
    private_constant :REQUIRED, :LONGEST_IDLE, :NUMBERS

    # @param attributes [Hash] with symbol or string keys
    # @raise [ConfigurationError] naming the field
    # @raise [IdleTimeoutTooLarge]
    def initialize(attributes = {})
      options = Coercion.options(attributes, "a mailbox")
      OptionReader.new(options, where: "Mailbox").warn_unknown(members, "a mailbox")
      super(**DEFAULTS.merge(options.slice(*members)))
      validate!
    end

    # @return [String] which mailbox this is, for messages
    def title
      named = [name, email].all? { |part| part.is_a?(String) && !part.empty? }
      named ? "Mailbox (name #{name.inspect}, email #{email.inspect})" : "Mailbox"
    end

    # Opened when it is first asked for: while a mailbox is watched, the compiled library writes its log.
    #
    # @return [::Logger] for lines of this mailbox; to nowhere unless `logger` says where
    # @raise [ConfigurationError] if the file cannot be opened
    def logger
      @logger ||= self[:logger].is_a?(Hash) ? Logger::Structured.new(LogTarget.for_ruby(self[:logger][:log_path])) : self[:logger]
    rescue SystemCallError => e
      raise ConfigurationError, "#{field(:log_path)} cannot be opened: #{e.class.new.message}"
    end

    # @return [Hash] what every log line of this mailbox carries
    def context
      { email: email, name: name }
    end

    # @return [Class]
    # @raise [ConfigurationError]
    def delivery_klass
      self[:delivery_klass] || Delivery[delivery_method]
    end

    # @return [Class]
    # @raise [ConfigurationError]
    def arbitration_klass
      self[:arbitration_klass] || Arbitration[arbitration_method]
    end

    # @return [#deliver]
    def delivery
      @delivery ||= delivery_klass.new(delivery_klass::Options.new(self))
    end

    # @return [#deliver?]
    def arbitrator
      @arbitrator ||= arbitration_klass.new(arbitration_klass::Options.new(self))
    end

    # Asks the arbiter.
    # @return [Boolean]
    def deliver?(uid)
      logger.info({ context: context, uid: uid, action: "asking arbiter to deliver", arbitrator: arbitrator.class.name })
      arbitrator.deliver?(uid)
    end

    # @param message [Message]
    # @return [Boolean] true also for a message without a body, which there is nothing to do about
    def deliver(message)
      body = message.body
      return true unless body

      logger.info({ context: context, uid: message.uid, action: "sending to deliverer", deliverer: delivery.class.name,
                    byte_size: body.bytesize })
      delivery.deliver(body)
    end

    def imap?
      !microsoft_graph?
    end

    def microsoft_graph?
      inbox_method.to_s == "microsoft_graph"
    end

    # @return [Hash, Boolean, nil] `ssl` with verify_mode as OpenSSL's constant
    def ssl_options
      return ssl unless ssl.is_a?(Hash)

      ssl.key?(:verify_mode) ? ssl.merge(verify_mode: TlsOptions.verify_mode(ssl[:verify_mode], field(:verify_mode))) : ssl
    end

    # Coerces and checks everything. Opens, connects and starts nothing.
    #
    # @return [true]
    # @raise [ConfigurationError] naming the field
    # @raise [IdleTimeoutTooLarge]
    def validate!
      coerce
      check_inbox_method
      required.each { |key| raise ConfigurationError, "Field :#{key} is required in #{title}" if self[key].to_s.empty? }
      if idle_timeout > LONGEST_IDLE
        raise IdleTimeoutTooLarge, "#{field(:idle_timeout)} must be at most #{LONGEST_IDLE} seconds, not #{idle_timeout}"
      end

      refuse_control_characters
      check_failed_mailbox
      check_logger
      check_search_program
      check_classes
      to_native
      true
    end

    # @return [Hash{String=>Object}] as the compiled library takes it
    # @raise [ConfigurationError]
    def to_native
      {
        "name" => name, "email" => email, "password" => password.to_s, "auth" => native_auth, "host" => host, "port" => port,
        "security" => security, "tls" => TlsOptions.to_native(ssl.is_a?(Hash) ? ssl : {}, where: "ssl of #{title}"),
        "search_command" => search_command, "limit_max_unread" => limit_max_unread, "idle_timeout" => idle_timeout,
        "delete_after_delivery" => delete_after_delivery ? true : false, "expunge_deleted" => expunge_deleted ? true : false,
        "max_message_size" => max_message_size, "max_delivery_attempts" => max_delivery_attempts, "failed_mailbox" => failed_mailbox,
        "matching" => native_matching, "rejection" => RejectionOptions.to_native(self),
        "delivery" => native_or_hook(Delivery, delivery_klass), "arbitration" => native_or_hook(Arbitration, arbitration_klass)
      }
    end

    # @param logger_number [Integer, nil] under which the lines for {#logger_object} are fetched
    # @return [Hash{String=>Object}] like {#to_native}, with the log target
    # @raise [ConfigurationError]
    def to_watch(logger_number = nil)
      check_delivery_url
      log = logger_number ? { "ruby" => logger_number } : LogTarget.to_native(self[:logger][:log_path], field(:log_path))
      to_native.merge("log" => log)
    end

    # @return [#reject, nil] the app's own class that tells senders, if there is one
    # @raise [ConfigurationError]
    def rejector
      klass = RejectionOptions.klass(self) or return
      @rejector ||= klass.const_defined?(:Options) ? klass.new(klass::Options.new(self)) : klass.new
    end

    # @api private
    # @return [Object, nil] what was given to log to if it is an object, a Ruby Logger or an IO
    def logger_object
      return self[:logger] unless self[:logger].is_a?(Hash)

      path = self[:logger][:log_path]
      path if LogTarget.stream?(path)
    end

    # @return [Boolean] whether the app's own code is called for each message
    def hook?
      !(Delivery.native?(delivery_klass) && Arbitration.native?(arbitration_klass) && RejectionOptions.klass(self).nil?)
    end

    private

    def required = auth.nil? ? REQUIRED : REQUIRED - [:password]

    def coerce
      coerce_each(%i[name email password host search_command delivery_url delivery_token content_type failed_mailbox], :string)
      coerce_each(%i[log_path location], :path)
      coerce_each(%i[start_tls delete_after_delivery expunge_deleted], :boolean)
      %i[matching rejection auth].each { |key| self[key] = Coercion.options(self[key], field(key)) unless self[key].nil? }
      coerce_each(%i[delivery_options arbitration_options inbox_options], :options)
      NUMBERS.each { |key, range| self[key] = Coercion.integer(self[key], field(key), range) }
      self[:limit_max_unread] ||= 0 # a null is no limit, as in the original
      self[:ssl] = ssl.is_a?(Hash) ? Coercion.symbolize(ssl) : Coercion.boolean(ssl, field(:ssl))
      coerce_each([:logger], :options) unless self[:logger].respond_to?(:info)
    end

    def coerce_each(keys, type)
      keys.each { |key| self[key] = Coercion.public_send(type, self[key], field(key)) }
    end

    def field(key)
      "Field :#{key} in #{title}"
    end

    def check_inbox_method
      raise ConfigurationError, "#{field(:inbox_method)}: microsoft_graph is not available yet" if microsoft_graph?
      return if inbox_method.nil? || inbox_method.to_s == "imap"

      raise ConfigurationError, "#{field(:inbox_method)} must be imap or microsoft_graph"
    end

    # The contract of a class of the app's own. That its instances do what they should shows when they are made.
    def check_classes
      { delivery_klass => %i[delivery_klass deliver], arbitration_klass => %i[arbitration_klass deliver?] }.each do |klass, (key, duty)|
        next if klass.is_a?(Class) && klass.const_defined?(:Options) && klass.method_defined?(duty)

        raise ConfigurationError, "#{field(key)} must be a class with a class Options and an instance method #{duty}; " \
                                  "#{klass.inspect} is none"
      end
    end

    # Not at load: postback is the default, and a mailbox that nobody watches needs no address.
    def check_delivery_url
      return unless delivery_klass == Delivery::Postback && Delivery::Postback::Options.new(self).url.to_s.empty?

      raise ConfigurationError, "#{field(:delivery_url)} is required: where messages are posted to"
    end

    def native_or_hook(methods, klass)
      methods.native?(klass) ? klass.to_native(self) : { "method" => "hook", "class_name" => klass.name || klass.inspect }
    end

    def native_auth
      AuthOptions.to_native(auth, where: "auth of #{title}") unless auth.nil?
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

    def check_logger
      return unless self[:logger].is_a?(Hash)

      OptionReader.new(self[:logger], where: "logger of #{title}").warn_unknown([:log_path], "logger")
      LogTarget.for_ruby(self[:logger][:log_path], field(:log_path))
    end

    def refuse_control_characters
      %i[email password host name search_command failed_mailbox].each do |key|
        raise ConfigurationError, "#{field(key)} must not contain CR, LF or NUL" if self[key]&.match?(/[\r\n\0]/)
      end
    end

    def check_failed_mailbox
      return if failed_mailbox.nil?
      raise ConfigurationError, "#{field(:failed_mailbox)} must not be empty" if failed_mailbox.empty?

      same = failed_mailbox == name || [failed_mailbox, name].all? { |folder| folder.casecmp?("INBOX") }
      raise ConfigurationError, "#{field(:failed_mailbox)} must be another folder than the one that is watched" if same
    end

    def check_search_program
      program = SearchProgram.new(search_command, field: field(:search_command))
      return if program.unseen? || (delete_after_delivery && (expunge_deleted || program.undeleted?))

      Warnings.once([:search_command, email, name],
                    "search_command #{search_command} of #{title} finds delivered messages again: it neither asks for UNSEEN nor " \
                    "do delete_after_delivery and expunge_deleted remove them; they are delivered once more after each restart")
    end

    def security
      # `start_tls: true` beside the default `ssl: true`: what was asked for is STARTTLS only if ssl is off or a hash.
      return "tls" if ssl == true || (ssl && !start_tls)

      start_tls ? "start_tls" : "plain"
    end
  end
end
