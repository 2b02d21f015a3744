# frozen_string_literal: true

require "erb"
require "yaml"
require "mail_room/coercion"
require "mail_room/errors"
require "mail_room/mailbox"

module MailRoom
  # The mailboxes that a file names: ERB, then YAML with symbol or string keys.
  class Configuration
    # @return [Array<Mailbox>]
    attr_reader :mailboxes

    # @param config_path [String] the file
    # @param quiet [Boolean] do without a file that is missing, unreadable or without `mailboxes`; what was read until an
    #   error is kept
    # @raise [ConfigurationError] one line that says what to change
    # @raise [IdleTimeoutTooLarge]
    def initialize(options = {})
      @config_path = options[:config_path]
      @mailboxes = []
      read
    rescue ConfigurationError, IdleTimeoutTooLarge
      raise unless options[:quiet]
    end

    # Without the mailboxes' secrets.
    def inspect
      "#<#{self.class.name} mailboxes=#{mailboxes.inspect}>"
    end
    alias to_s inspect

    private

    def read
      raise ConfigurationError, "no configuration file given: use -c FILE" if @config_path.nil?

      list = Coercion.options(parse(render), "the configuration in #{@config_path}")[:mailboxes]
      raise ConfigurationError, "#{@config_path} has no list of mailboxes: add `:mailboxes:`" unless list.is_a?(Array)

      list.each do |attributes|
        unless attributes.is_a?(Hash)
          raise ConfigurationError, "an entry of :mailboxes: in #{@config_path} is #{Coercion.kind(attributes)}, not a mapping"
        end

        @mailboxes << Mailbox.new(attributes)
      end
    end

    def render
      template = ERB.new(File.read(@config_path))
      template.filename = File.expand_path(@config_path)
      template.result
    rescue SystemCallError => e
      raise ConfigurationError, "cannot read the configuration file: #{e.message}"
    end

    def parse(text)
      YAML.safe_load(text, permitted_classes: [Symbol], aliases: true, filename: @config_path) || {}
    rescue Psych::SyntaxError => e
      raise ConfigurationError, "#{@config_path} is no YAML: #{e.problem} at line #{e.line}, column #{e.column}", cause: nil
    rescue Psych::Exception => e
      raise ConfigurationError, "#{@config_path} is not understood: #{e.message}", cause: nil
    end
  end
end
