# frozen_string_literal: true

require_relative "../errors"
require_relative "../options/coercion"
require_relative "code_failure"

module MailRoom
  # Reads a file of ERB over YAML. Its errors are one line that names the file and, where possible, the line in it. They never quote the
  # file, because any value may be a password, and for the same reason have no `cause`.
  class ConfigFile
    # The file is missing, cannot be read, or lacks what is needed.
    class Missing < ConfigurationError; end

    # @param path [String]
    def initialize(path)
      @path = path.to_s
    end

    # @return [Hash{Symbol=>Object}] with symbol keys at every depth; empty for an empty file
    # @raise [Missing] if the file cannot be read
    # @raise [ConfigurationError] if it is not understood
    def load
      content = parse(render(read))
      return {} if content.nil? || content == false

      Coercion.options(content, "#{@path}: the configuration")
    end

    private

    # Services are often started without a locale: the file is always UTF-8.
    def read
      File.read(@path, encoding: "bom|utf-8")
    rescue SystemCallError => e
      raise Missing, "cannot read the configuration file #{@path}: #{e.class.new.message}", cause: nil
    end

    # Loaded here, because an application that creates its mailboxes itself reads no file.
    def render(text)
      require "erb"
      template = ERB.new(text)
      template.filename = @path
      template.result
    rescue SystemExit, SignalException
      raise
    rescue Exception => e # rubocop:disable Lint/RescueException -- the message of any exception may hold a secret
      raise ConfigurationError, CodeFailure.describe(e, @path, "the ERB template failed"), cause: nil
    end

    def parse(text)
      require "yaml"
      require "date"
      YAML.safe_load(text, permitted_classes: [Symbol, Date], aliases: true)
    rescue Psych::SyntaxError => e
      problem = [e.problem, e.context].compact.join(" ")
      raise ConfigurationError, "#{@path} is not YAML: #{problem} at line #{e.line}, column #{e.column}", cause: nil
    rescue Psych::BadAlias
      # The alias's name is left out: it may be the beginning of a password.
      not_understood("an alias (*...) has no anchor; a value that begins with * must be in quotes")
    rescue Psych::DisallowedClass, ArgumentError
      not_understood("a value is neither text, number, date, true, false nor null (a time, say): text must be in quotes")
    rescue StandardError => e
      not_understood(e.class)
    end

    def not_understood(why)
      raise ConfigurationError, "#{@path} is not understood: #{why}", cause: nil
    end
  end
end
