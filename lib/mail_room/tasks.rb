# frozen_string_literal: true

require "rake"
require "mail_room"

# `require "mail_room/tasks"` in a Rakefile: `mail_room:check`, and `gitlab:incoming_email:check` where the host has none.
#
# | variable | meaning |
# | --- | --- |
# | CONFIG | the configuration; config/mail_room.yml unless one of the two below is given |
# | GITLAB_CONFIG, GITLAB_RB | GitLab's gitlab.yml or gitlab.rb in place of it |
# | ENVIRONMENT | which part of gitlab.yml; RAILS_ENV, else production |
# | QUIET, JSON | 1: as the options of `mail_room check` |
module MailRoom
  # What the tasks do.
  #
  # @api private
  module Tasks
    FILES = { "CONFIG" => "--config", "GITLAB_CONFIG" => "--gitlab-config", "GITLAB_RB" => "--gitlab-rb" }.freeze
    USUAL = "config/mail_room.yml"
    private_constant :FILES, :USUAL

    class << self
      # Ends the process with status 1 unless everything works.
      def check
        status = CheckCommand.run(arguments)
        exit(status) unless status.zero?
      rescue ConfigurationError => e
        abort("mail_room: #{e.message}")
      end

      # A host that loads its own tasks after ours has added its own actions to this one: those count.
      # @param task [Rake::Task]
      def check_unless_the_host_does(task)
        check if task.actions.size == 1
      end

      private

      def arguments
        files = FILES.flat_map { |name, option| [option, ENV.fetch(name)] if ENV[name] }.compact
        files = ["--config", USUAL] if files.empty?
        [*files, *(["--environment", ENV.fetch("ENVIRONMENT")] if ENV["ENVIRONMENT"]), *("--quiet" if on?("QUIET")),
         *("--json" if on?("JSON"))]
      end

      def on?(name)
        !["", "0", "false"].include?(ENV.fetch(name, ""))
      end
    end
  end
end

extend Rake::DSL # rubocop:disable Style/MixinUsage -- as a Rakefile

namespace :mail_room do
  desc "Try out every mailbox of a configuration, and say what to do about what does not work"
  task(:check) { MailRoom::Tasks.check }
end

unless Rake::Task.task_defined?("gitlab:incoming_email:check")
  namespace :gitlab do
    namespace :incoming_email do
      desc "GitLab | Incoming Email | Check if everything is configured properly"
      task(:check) { |task| MailRoom::Tasks.check_unless_the_host_does(task) }
    end
  end
end
