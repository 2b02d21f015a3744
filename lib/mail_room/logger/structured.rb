# frozen_string_literal: true

require "json"
require "logger" unless Object.autoload?(:Logger) # Ruby warns of a `require` of what is loaded on first use
require_relative "../logger"

module MailRoom
  module Logger
    # A ::Logger that takes hashes only and writes each as one line of JSON: `severity`, `time` (ISO 8601, milliseconds),
    # then the keys of the hash.
    #
    # @example
    #   MailRoom::Logger::Structured.new($stdout).info({ action: "Idling" })
    #   # {"severity":"INFO","time":"2026-01-01T00:00:00.000+00:00","action":"Idling"}
    class Structured < ::Logger
      # @param device [IO, String, nil] a stream, a path (appended to), or nil for no log at all
      def initialize(device, *rest, **options)
        # ::Logger writes a comment into a new file. Every line must be JSON, so the file is created first.
        File.open(device, File::WRONLY | File::APPEND | File::CREAT).close if device.is_a?(String)
        super
      end

      # @param message [Hash]
      # @return [String] one line
      # @raise [ArgumentError] if the message is no Hash
      def format_message(severity, timestamp, _progname, message)
        raise ArgumentError, "Message must be a Hash" unless message.is_a?(Hash)

        "#{json({ severity: severity, time: time(timestamp || Time.now) }.merge(message))}\n"
      end

      private

      def time(timestamp)
        timestamp.respond_to?(:strftime) ? timestamp.strftime("%Y-%m-%dT%H:%M:%S.%L%:z") : timestamp
      end

      # The message of an error may hold octets that are not UTF-8.
      def json(data)
        JSON.generate(data)
      rescue JSON::GeneratorError, EncodingError
        JSON.generate(scrub(data))
      end

      def scrub(value)
        case value
        when Hash then value.to_h { |key, inner| [scrub(key), scrub(inner)] }
        when Array then value.map { |inner| scrub(inner) }
        when String then value.dup.force_encoding(Encoding::UTF_8).scrub
        else value
        end
      end
    end
  end
end
