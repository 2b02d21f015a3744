# frozen_string_literal: true

require "tmpdir"

# Messages that a program reads from its standard input.
RSpec.describe "delivery_method command", :servers do
  let(:user) { dovecot.new_user }
  let(:folder) { Dir.mktmpdir("command") }

  after { FileUtils.remove_entry(folder) }

  def program(text)
    path = File.join(folder, "program")
    File.write(path, "#!/bin/sh\n#{text}\n")
    File.chmod(0o755, path)
    path
  end

  def running(command, options = {}, **rest)
    mailbox(user, delivery_method: "command", delivery_options: { command: command, **options }, arbitration_method: "noop",
                  arbitration_options: {}, **rest)
  end

  def taken = Dir.children(folder).grep(/\Amail\./).map { |name| File.binread(File.join(folder, name)) }

  def unseen = dovecot.uids(user, "UNSEEN")

  it "hands over every octet once, with its arguments and a clean environment" do
    Mails.assorted(40).each { |mail| dovecot.append(user, mail) }
    sent = dovecot.messages(user).map { |message| message.body.to_s.b }
    script = program("env > $1/env.$$; printf '%s' \"$2\" > $1/argument; cat > $1/new.$$ && mv $1/new.$$ $1/mail.$$")
    process = mail_room(running([script, folder, "$HOME; not a shell's"], { concurrency: 4 }), env: { "HIDDEN" => "hidden" })
    wait_until(60, -> { "40 messages, not #{taken.size}: #{process.everything_said[-3000..]}" }) { taken.size >= 40 && unseen.empty? }
    expect(taken.tally == sent.tally).to be(true) # megabytes that nobody wants to see
    expect(File.read(File.join(folder, "argument"))).to eq("$HOME; not a shell's")
    seen = Dir.children(folder).grep(/\Aenv\./).map { |name| File.read(File.join(folder, name)) }
    expect(seen.join).not_to include("HIDDEN")
    expect(seen.map { |text| text[/^MAIL_ROOM_IDEMPOTENCY_KEY=(\h{32})$/, 1] }.uniq.size).to eq(40)
    pushed = process.log.select { |line| line["action"] == "message pushed" }
    expect(pushed.map { |line| line["delivery_method"] }.tally).to eq("Command" => 40)
  end

  it "sets aside what the program refuses, and delivers the others" do
    Array.new(3) { |number| dovecot.append(user, Mails.plain(number)) }
    script = program("cat > $1/new.$$; grep -q 'Mail 1' $1/new.$$ && exit 65; mv $1/new.$$ $1/mail.$$")
    process = mail_room(running([script, folder], max_delivery_attempts: 1, failed_mailbox: "Failed"))
    expect(process.await_log("Message set aside")["error"]).to match(/ended with status 65/)
    wait_until(20, "all to be handled") { unseen.empty? && taken.size == 2 }
    wait_until(20, "one to be moved") { dovecot.messages(user, mailbox: "Failed").map(&:body).grep(/Mail 1/).size == 1 }
  end

  it "waits while the program asks for another try later" do
    2.times { |number| dovecot.append(user, Mails.plain(number)) }
    script = program("[ -e $1/open ] || exit 75; cat > $1/new.$$ && mv $1/new.$$ $1/mail.$$")
    process = mail_room(running([script, folder], max_delivery_attempts: 1))
    expect(process.await_log("Delivery paused")["error"]).to match(/75 \(EX_TEMPFAIL\)/)
    expect(unseen.size).to eq(2)
    FileUtils.touch(File.join(folder, "open"))
    wait_until(30, -> { "both: #{process.everything_said[-2000..]}" }) { taken.size == 2 && unseen.empty? }
    expect(process.log.map { |line| line["action"] }).not_to include("Message set aside")
  end

  it "kills a program that hangs, and runs no more at a time than it may" do
    4.times { |number| dovecot.append(user, Mails.plain(number)) }
    script = program("mkdir $1/run.$$; ls -d $1/run.* | wc -l >> $1/count; cat > $1/new.$$; grep -q 'Mail 0' $1/new.$$ && sleep 1000; " \
                     "rmdir $1/run.$$; mv $1/new.$$ $1/mail.$$")
    process = mail_room(running([script, folder], { timeout: 1, concurrency: 2 }))
    wait_until(40, -> { "three: #{process.everything_said[-2000..]}" }) { taken.size == 3 }
    wait_until(20, "it to be killed") { process.everything_said.include?("did not end within 1 s") }
    expect(process.term.exitstatus).to eq(0)
    expect(`ps -eo args`.lines.grep(/\Asleep 1000$/)).to eq([])
  end

  it "says in check whether the program is there" do
    extend Checking
    path = program("exit 0")
    expect(step_of("command.program", running([path])).to_h).to include(status: :ok, detail: path)
    expect(step_of("command.program", running(["no-such-program"])).to_h)
      .to include(status: :failed, detail: "there is no executable file no-such-program")
  end

  it "delivers what is handed to the class directly" do
    script = program("cat > $1/new.$$ && mv $1/new.$$ $1/mail.$$")
    klass = MailRoom::Delivery["command"]
    direct = ->(command) { klass.new(klass::Options.new(MailRoom::Mailbox.new(running(command)))) }
    expect(direct.call([script, folder]).deliver("a\0\xFF".b)).to be(true)
    expect(taken).to eq(["a\0\xFF".b])
    expect { direct.call(["false"]).deliver("x") }.to raise_error(MailRoom::DeliveryError, /ended with status 1/)
  end
end
