# frozen_string_literal: true

require "optparse"
require "yaml"
require_relative "../configuration"
require_relative "../options/masking"
require_relative "../options/option_tables"
require_relative "source_options"

module MailRoom
  # `mail_room config`: prints the mailboxes that a configuration means, with every default, as YAML that could be loaded
  # again; secrets are masked. Connects to nothing.
  class ConfigCommand
    # @param argv [Array<String>] what follows `config`
    # @return [Integer] 0
    # @raise [OptionParser::ParseError]
    # @raise [ConfigurationError]
    def self.run(argv)
      new(argv).run
    end

    def initialize(argv)
      @options = {}
      SourceOptions.parse(parser, argv, @options)
    end

    # @return [Integer]
    def run
      puts YAML.dump({ mailboxes: Configuration.new(@options).mailboxes.map { |mailbox| options(mailbox) } })
      0
    end

    private

    def parser
      OptionParser.new do |parser|
        parser.program_name = "mail_room config"
        parser.banner = "Usage: mail_room config (-c FILE | --gitlab-config FILE | --gitlab-rb FILE)"
        SourceOptions.add(parser, @options)
        parser.on_tail("-?", "--help", "print this") do
          puts parser
          exit
        end
      end
    end

    # Without what is empty: no options of a delivery are as good as none.
    def options(mailbox)
      given = mailbox.to_h.reject { |_, value| value.nil? || value == {} }
      # A copy: YAML marks an object that it meets twice, and nobody wants to read that.
      Masking.mask(given, OptionTables::MAILBOX).transform_values { |value| Marshal.load(Marshal.dump(value)) }
    end
  end
end
