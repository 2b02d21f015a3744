# frozen_string_literal: true

require "yaml"
require_relative "../configuration"
require_relative "../options/masking"
require_relative "../options/option_tables"
require_relative "command"
require_relative "source_options"

module MailRoom
  # `mail_room config`: prints the mailboxes of a configuration, with every default, as YAML that can be loaded again. Secrets are
  # masked. Connects to nothing.
  class ConfigCommand < Command
    USAGE = "(-c FILE | --gitlab-config FILE | --gitlab-rb FILE)"
    private_constant :USAGE

    def initialize(argv)
      @options = {}
      SourceOptions.parse(parser("config", USAGE) { |options| SourceOptions.add(options, @options) }, argv, @options)
    end

    # @return [Integer]
    def run
      configuration = Configuration.new(@options)
      mailboxes = configuration.mailboxes.map { |mailbox| options(mailbox) }
      puts YAML.dump({ mailboxes: mailboxes, health_check: configuration.health_check&.to_h }.compact)
      0
    end

    private

    # Without empty options: a delivery without options needs no mapping.
    def options(mailbox)
      given = mailbox.to_h.reject { |_, value| value.nil? || value == {} }
      # YAML would write an object that it meets twice as an anchor and an alias.
      Masking.mask(given, OptionTables::MAILBOX).transform_values { |value| Marshal.load(Marshal.dump(value)) }
    end
  end
end
