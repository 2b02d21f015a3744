# frozen_string_literal: true

require_relative "output/bounded_output"

module MailRoom
  # Writes a fatal error as JSON, or raises it. Does not end the process.
  class CrashHandler
    # @param stream [IO]
    def initialize(stream = $stdout)
      @stream = stream
    end

    # Writes one line of JSON, or raises the error again.
    #
    # @param error [Exception]
    # @param format [String, Symbol, nil] `json`; anything else raises
    # @return [nil]
    def handle(error, format)
      raise error unless format.to_s == "json"

      require "json"
      BoundedOutput.say(@stream, JSON.generate({ time: Time.now.utc.strftime("%Y-%m-%dT%H:%M:%S.%LZ"), severity: "fatal",
                                                 message: text(error.message), backtrace: (error.backtrace || []).map do |line|
                                                                                            text(line)
                                                                                          end }))
      nil
    end

    private

    # JSON takes UTF-8 only; the message of an error may hold anything.
    def text(string)
      string.dup.force_encoding(Encoding::UTF_8).scrub
    end
  end
end
