# frozen_string_literal: true

module MailRoom
  # Finds the service manager (systemd) that started this process, from the environment variables of sd_notify(3). The native library
  # sends the notifications.
  module ServiceManager
    # Removes the variables from the environment, so that child processes do not inherit them.
    #
    # @return [Hash{String=>Object}, nil] for the native library; nil without a manager
    def self.from_environment(environment = ENV)
      socket, usec, pid = %w[NOTIFY_SOCKET WATCHDOG_USEC WATCHDOG_PID].map { |name| environment.delete(name) }
      return unless socket&.match?(%r{\A[/@].})

      ours = pid.nil? || pid == Process.pid.to_s
      { "socket" => socket, "watchdog_usec" => (usec.to_i if ours && usec&.match?(/\A[1-9]\d{0,15}\z/)) }
    end
  end
end
