# frozen_string_literal: true

require "json"

module MailRoom
  # Says in one place what ended the process.
  class CrashHandler
    # @param stream [IO]
    def initialize(stream = $stdout)
      @stream = stream
    end

    # @param error [Exception]
    # @param format [String, Symbol, nil] `json`: one line on the stream; anything else: the error is raised
    def handle(error, format)
      raise error unless format.to_s == "json"

      @stream.puts JSON.generate({ time: Time.now.utc.strftime("%Y-%m-%dT%H:%M:%S.%LZ"), severity: "fatal",
                                   message: error.message.dup.force_encoding(Encoding::UTF_8).scrub,
                                   backtrace: error.backtrace || [] })
      @stream.flush
    end
  end
end
