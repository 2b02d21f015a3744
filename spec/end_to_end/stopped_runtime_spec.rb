# frozen_string_literal: true

# The heart of a live process stops: the threads that run the watchers, and not the one that answers. It takes more than 30 s, in which
# the processors have nothing to do.
RSpec.describe "the runtime of the watchers, stopped on purpose", :servers do
  let(:port) { ServerProcess.free_port }
  let(:user) { dovecot.new_user }

  def liveness = HealthClient.get(port, "/liveness")

  it "is told by /liveness within 40 s, and its recovery at once" do
    process = mail_room(mailbox(user), settings: { health_check: { address: "127.0.0.1", port: port } })
    process.await_log("Idling")
    expect(liveness).to eq([200, "OK\n"])
    began = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    StoppedThreads.new(process.pid, "mail_room watch").during do
      wait_until(40, "/liveness to fail") { liveness == [500, "Not running\n"] }
      puts format("/liveness failed %.1f s after the runtime was stopped", Process.clock_gettime(Process::CLOCK_MONOTONIC) - began)
      expect(HealthClient.get(port, "/readiness", timeout: 5)).to eq([503, "Not running\n"])
      expect(HealthClient.get(port, "/metrics", timeout: 5).last[/^mail_room_heartbeat_age_seconds (\d+)$/, 1].to_i).to be >= 30
    end
    wait_until(10, "/liveness to recover") { liveness == [200, "OK\n"] }
    dovecot.append(user, Mails.plain(1))
    wait_until(30, "a delivery") { delivered.size == 1 }
  end
end
