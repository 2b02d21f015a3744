# frozen_string_literal: true

require_relative "../errors"
require_relative "../options/log_target"
require_relative "../options/option_reader"
require_relative "../options/search_program"
require_relative "../options/tables/mailbox"
require_relative "../output/warnings"

module MailRoom
  # Coerces and checks the options of a {Mailbox}: each one as its table says, then those that depend on each other.
  #
  # @api private
  module MailboxValidation
    # Seconds. Servers end an IDLE after 30 minutes (RFC 2177).
    LONGEST_IDLE = 1740
    # Seconds. It may be tomorrow where the mail server is.
    ONE_DAY = 86_400
    # It may be written in any case (RFC 3501 section 5.1), also before what lies below it.
    INBOX = /\Ainbox(?![[:alnum:]])/i
    private_constant :LONGEST_IDLE, :ONE_DAY, :INBOX

    # Coerces and checks everything. Opens, connects and starts nothing.
    #
    # @return [true]
    # @raise [ConfigurationError] naming the field
    # @raise [IdleTimeoutTooLarge]
    def validate!
      table = OptionTables::MAILBOX
      table.options.each { |option| self[option.name] = coerce(option) }
      check_inbox_method
      table.options.each { |option| table.applies?(option, self) ? require_value(option) : refuse(option) }
      check_imap if imap?
      check_folder(:failed_mailbox)
      check_folder(:delivered_mailbox)
      check_delivered_mailbox
      check_since
      check_logger
      check_classes
      to_native
      true
    end

    private

    def coerce(option)
      value = option.coerce(self[option.name], field(option.name))
      value.nil? && option.null_is_default? ? option.default : value
    end

    def require_value(option)
      return unless option.required? && self[option.name].to_s.empty?
      return if option.name == :password && !auth.nil?

      raise ConfigurationError, "Field :#{option.name} is required in #{title}"
    end

    def refuse(option)
      return unless option.refused_elsewhere? && !self[option.name].nil?

      only = option.only.map { |other, values| "#{other} #{values.join(" or ")}" }.join(" and ")
      raise ConfigurationError, "#{field(option.name)} is for #{only} only: remove it"
    end

    def check_inbox_method
      return if microsoft_graph? || inbox_method.nil? || inbox_method.to_s == "imap"

      raise ConfigurationError, "#{field(:inbox_method)} must be imap or microsoft_graph"
    end

    def check_imap
      if idle_timeout > LONGEST_IDLE
        raise IdleTimeoutTooLarge, "#{field(:idle_timeout)} must be at most #{LONGEST_IDLE} seconds, not #{idle_timeout}"
      end

      check_search_program
    end

    def check_search_program
      program = SearchProgram.new(search_command, field: field(:search_command))
      return if program.unseen? || delivered_mailbox || (delete_after_delivery && (expunge_deleted || program.undeleted?))

      Warnings.once([:search_command, email, name],
                    "search_command #{search_command} of #{title} finds delivered messages again: it neither asks for UNSEEN nor " \
                    "do delete_after_delivery and expunge_deleted remove them; they are delivered once more after each restart")
    end

    def check_folder(key)
      folder = self[key]
      return if folder.nil?
      raise ConfigurationError, "#{field(key)} must not be empty" if folder.empty?

      return if folder.sub(INBOX, "INBOX") != name.sub(INBOX, "INBOX")

      raise ConfigurationError, "#{field(key)} must be another folder than the one that is watched"
    end

    def check_delivered_mailbox
      return if delivered_mailbox.nil?

      if delivered_mailbox == failed_mailbox
        raise ConfigurationError, "#{field(:delivered_mailbox)} must be another folder than failed_mailbox: messages that were set aside " \
                                  "would not be found there"
      end
      return unless delete_after_delivery

      raise ConfigurationError, "#{field(:delivered_mailbox)} cannot stand beside delete_after_delivery: remove one of them"
    end

    def check_since
      return if since.nil?
      return check_first_run if first_run?
      return if since <= (Time.now + ONE_DAY).strftime("%F")

      Warnings.once([:since, email, name], "since of #{title} is in the future: no message is handled before #{since}")
    end

    def check_first_run
      return if arbitration_klass == Arbitration::Redis

      raise ConfigurationError, "#{field(:since)} can be first_run with arbitration_method redis only, which remembers when that was: " \
                                "set it, or give the date"
    end

    def check_logger
      return unless self[:logger].is_a?(Hash)

      OptionTables::LOGGER.read(self[:logger], where: "logger of #{title}")
      LogTarget.for_ruby(self[:logger][:log_path], field(:log_path))
    end

    # The contract of a class of the app's own. Whether its instances keep it shows when they are made.
    def check_classes
      { delivery_klass => %i[delivery_klass deliver], arbitration_klass => %i[arbitration_klass deliver?] }.each do |klass, (key, duty)|
        next if klass.is_a?(Class) && klass.const_defined?(:Options) && klass.method_defined?(duty)

        raise ConfigurationError, "#{field(key)} must be a class with a class Options and an instance method #{duty}, " \
                                  "not #{klass.inspect}"
      end
    end
  end
end
