# frozen_string_literal: true

require_relative "../errors"
require_relative "coercion"

module MailRoom
  # Where a mailbox's log lines go, as `logger: {log_path: ...}` says it: a path, `:stdout`, `:stderr`, `"STDOUT"`,
  # `"STDERR"`, an IO object, or nowhere.
  module LogTarget
    STREAMS = { stdout: "stdout", "STDOUT" => "stdout", stderr: "stderr", "STDERR" => "stderr" }.freeze
    private_constant :STREAMS

    class << self
      # @param log_path [String, Symbol, #to_path, IO, nil]
      # @return [String, IO, nil] what a Ruby Logger takes
      # @raise [ConfigurationError]
      def for_ruby(log_path, field = "Field :log_path")
        case STREAMS[log_path]
        when "stdout" then $stdout
        when "stderr" then $stderr
        else stream?(log_path) ? log_path : file(log_path, field)
        end
      end

      # @return [String, Hash, nil] what the native library takes: `"stdout"`, `"stderr"`, `{"path" => ...}` or nil
      # @raise [ConfigurationError]
      def to_native(log_path, field = "Field :log_path")
        return STREAMS[log_path] if STREAMS.key?(log_path)

        path = file(log_path, field)
        path && { "path" => path }
      end

      # @return [Boolean] whether it is an object to write to, and no path
      def stream?(log_path)
        log_path.is_a?(IO) || (log_path.respond_to?(:write) && !log_path.respond_to?(:to_path))
      end

      private

      def file(log_path, field)
        path = Coercion.path(log_path, field)
        path unless path.nil? || path.empty?
      end
    end
  end
end
