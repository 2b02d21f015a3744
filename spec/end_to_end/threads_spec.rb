# frozen_string_literal: true

require "tmpdir"

# A user who may have no more threads: it says so and ends with status 1, or it works.
RSpec.describe "threads", :servers do
  # With a single one, Ruby 3.4 itself does not end: `ruby -e exit` waits for a thread that it could not start.
  fewest = RUBY_VERSION < "3.4" ? 1 : 2

  around { |example| Dir.mktmpdir { |folder| (@folder = folder) && example.run } }

  # Runs mail_room as a user of its own who may have so many threads.
  def start(most, uid)
    err = File.open(File.join(@folder, "err#{most}"), "w")
    fork do
      Process.setrlimit(:NPROC, most)
      Process::Sys.setgid(uid)
      Process::Sys.setuid(uid)
      exec(RbConfig.ruby, MailRoomProcess::EXECUTABLE, "-c", File.join(@folder, "config.yml"), chdir: "/", out: File::NULL, err: err)
    end
  ensure
    err.close
  end

  def ended(pid) = Process.wait2(pid, Process::WNOHANG)&.last

  # Waits until it watches, or has ended.
  # @return [Integer] its exit status; 0 only when it has worked until it was told to end
  def outcome(pid, user)
    status = nil
    before = dovecot.uids(user, "UNSEEN").size
    dovecot.append(user, Mails.plain(0))
    wait_until(60, "it to work or to end") { (status = ended(pid)) || dovecot.uids(user, "UNSEEN").size <= before }
    return status.exitstatus if status

    Process.kill("TERM", pid)
    wait_until(30, "its end") { status = ended(pid) }
    status.exitstatus
  rescue StandardError
    Process.kill("KILL", pid)
    raise
  end

  it "that are not to be had are told, with status 1" do
    next unless Process.uid.zero?

    user = dovecot.new_user
    FileUtils.chmod(0o755, @folder)
    options = mailbox(user, delivery_method: "noop", delivery_options: {}, arbitration_method: "noop", arbitration_options: {})
    File.write(File.join(@folder, "config.yml"), YAML.dump({ mailboxes: [options] }))
    outcomes = [*fewest..14, 40].to_h do |most|
      [most, outcome(start(most, rand(61_000..64_999)), user)]
    end
    outcomes.each do |most, status|
      expect([0, 1]).to include(status)
      said = File.read(File.join(@folder, "err#{most}"))
      expect(said).to match(/\Amail_room: cannot start .*thread/) if status == 1
    end
    expect(outcomes.values_at(fewest, 2, 3, 40)).to eq([1, 1, 1, 0])
  end
end
