# frozen_string_literal: true

require "etc"
require_relative "step"

module MailRoom
  module Check
    # Whether the current user can write a file. Creates none.
    module LogFile
      class << self
        # @param mailbox [Mailbox]
        # @return [Array<Step>]
        def steps(mailbox)
          return [] if mailbox.logger_object

          path = mailbox[:logger][:log_path]
          path.is_a?(String) && !%w[STDOUT STDERR].include?(path) ? writable("log", "Log file can be written?", path) : []
        end

        # @param path [String, nil] none is standard output
        # @return [Array<Step>]
        def writable(id, question, path)
          return [] if path.nil?

          what = File.exist?(path) ? path : File.dirname(path)
          return [Step.ok(id, question, path)] if File.writable?(what) && !File.directory?(path)

          fix = "Check the path, and that the user #{Etc.getpwuid&.name || Process.uid} may write there; is this the user that " \
                "mail_room runs as?"
          [Step.failed(id, question, "#{what} #{File.exist?(what) ? "cannot be written" : "does not exist"}", fix)]
        end
      end
    end
  end
end
