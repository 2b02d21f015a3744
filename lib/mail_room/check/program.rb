# frozen_string_literal: true

require_relative "step"

module MailRoom
  module Check
    # Whether a program that gets messages or notices exists. Runs nothing.
    module Program
      # The question and the step's id, by where the program is configured.
      PLACES = { "delivery_options" => ["Program can be run?", "command.program"],
                 "on_trouble" => ["Program of on_trouble can be run?", "on_trouble.program"] }.freeze
      private_constant :PLACES

      # @param command [Array<String>]
      # @param place [String] where it is configured
      # @return [Array<Step>]
      def self.steps(command, place)
        question, id = PLACES.fetch(place)
        program = command.first
        paths = program.include?("/") ? [program] : ENV.fetch("PATH", "").split(":").map { |folder| File.join(folder, program) }
        found = paths.find { |path| File.file?(path) && File.executable?(path) }
        return [Step.ok(id, question, found)] if found

        [Step.failed(id, question, "there is no executable file #{program}", "Correct command in #{place}, or the file's permissions")]
      end
    end
  end
end
