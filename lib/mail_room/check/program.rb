# frozen_string_literal: true

require_relative "step"

module MailRoom
  module Check
    # Whether the program that gets the messages exists. Runs nothing.
    module Program
      QUESTION = "Program can be run?"
      private_constant :QUESTION

      # @param command [Array<String>]
      # @return [Array<Step>]
      def self.steps(command)
        program = command.first
        paths = program.include?("/") ? [program] : ENV.fetch("PATH", "").split(":").map { |folder| File.join(folder, program) }
        found = paths.find { |path| File.file?(path) && File.executable?(path) }
        return [Step.ok("command.program", QUESTION, found)] if found

        [Step.failed("command.program", QUESTION, "there is no executable file #{program}",
                     "Correct command in delivery_options, or the file's permissions")]
      end
    end
  end
end
