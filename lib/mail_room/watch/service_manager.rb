# frozen_string_literal: true

module MailRoom
  # The service manager (systemd) that has started this process and wants to be told how it is: sd_notify(3). Only reads where it
  # is to be told; the compiled library tells.
  module ServiceManager
    # Takes what the manager has set out of the environment: it is for this process, and not for those that it starts.
    #
    # @return [Hash{String=>Object}, nil] as the compiled library takes it; nil without a manager
    def self.from_environment(environment = ENV)
      socket, usec, pid = %w[NOTIFY_SOCKET WATCHDOG_USEC WATCHDOG_PID].map { |name| environment.delete(name) }
      return unless socket&.match?(%r{\A[/@].})

      ours = pid.nil? || pid == Process.pid.to_s
      { "socket" => socket, "watchdog_usec" => (usec.to_i if ours && usec&.match?(/\A[1-9]\d{0,15}\z/)) }
    end
  end
end
