# frozen_string_literal: true

require_relative "arbitration"
require_relative "delivery"
require_relative "errors"
require_relative "logger"
require_relative "mailbox/native_options"
require_relative "mailbox/validation"
require_relative "options/coercion"
require_relative "options/log_target"
require_relative "options/option_reader"
require_relative "options/option_types"
require_relative "options/redaction"
require_relative "options/rejection_options"
require_relative "options/tables/mailbox"

module MailRoom
  # One mailbox and what is done with its messages. Its members are the options of a mailbox, see {OptionTables::MAILBOX}.
  Mailbox = Struct.new(*OptionTables::MAILBOX.members, keyword_init: true)

  # See above.
  class Mailbox
    include Redaction.showing(*(%i[name email] | OptionTables::MAILBOX.shown))
    include MailboxValidation
    include MailboxNativeOptions

    # Defined below.
    remove_method :logger, :delivery_klass, :arbitration_klass

    # The options that have a default. An explicit null counts as given.
    DEFAULTS = OptionTables::MAILBOX.defaults.freeze

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

    # The log is opened at the first call: while a mailbox is watched, the native library writes it.
    #
    # @return [::Logger] for lines about this mailbox; it writes nowhere unless `logger` names a target
    # @raise [ConfigurationError] if the file cannot be opened
    def logger
      @logger ||= self[:logger].is_a?(Hash) ? Logger::Structured.new(LogTarget.for_ruby(self[:logger][:log_path])) : self[:logger]
    rescue SystemCallError => e
      raise ConfigurationError, "#{field(:log_path)} cannot be opened: #{e.class.new.message}"
    end

    # @return [Hash] the keys that every log line of this mailbox has
    def context
      { email: email, name: name }
    end

    # @return [Class]
    # @raise [ConfigurationError]
    def delivery_klass
      self[:delivery_klass] || Delivery.for(self)
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

    # @return [#reject, nil] an instance of the app's own class that notifies senders, if there is one
    # @raise [ConfigurationError]
    def rejector
      klass = RejectionOptions.klass(self) or return
      @rejector ||= klass.const_defined?(:Options) ? klass.new(klass::Options.new(self)) : klass.new
    end

    # Asks the arbiter.
    # @return [Boolean]
    def deliver?(uid)
      logger.info({ context: context, uid: uid, action: "asking arbiter to deliver", arbitrator: arbitrator.class.name })
      arbitrator.deliver?(uid)
    end

    # @param message [Message]
    # @return [Boolean] true also for a message without a body, which cannot be delivered by trying again
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
    # @raise [ConfigurationError] for an unknown mode
    def ssl_options
      return ssl unless ssl.is_a?(Hash) && ssl.key?(:verify_mode)

      ssl.merge(verify_mode: OptionTypes.openssl_mode(ssl[:verify_mode], field(:verify_mode)))
    end

    # @api private
    # @return [Object, nil] the object that log lines are written to, a Ruby Logger or an IO; nil if they go to a file or nowhere
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

    # @return [String] an option in the words of an error
    def field(key)
      "Field :#{key} in #{title}"
    end
  end
end
