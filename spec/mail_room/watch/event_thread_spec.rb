# frozen_string_literal: true

require "json"
require "open3"

RSpec.describe MailRoom::EventThread, :servers do
  let(:user) { dovecot.new_user }

  # Works through the mailbox in a process of its own, with ActiveSupport if `code` loads it.
  def once(code, **options)
    attributes = mailbox(user, logger: { log_path: File::NULL }, **options)
    script = <<~RUBY
      #{code}
      require "mail_room"
      MailRoom::Coordinator.new([MailRoom::Mailbox.new(#{attributes.inspect})]).run(once: true)
      puts JSON.generate($events || [])
    RUBY
    out, err, status = Open3.capture3(RbConfig.ruby, "-I", File.expand_path("../../../lib", __dir__), "-rjson", "-e", script)
    expect(status).to be_success, err
    [JSON.parse(out), err]
  end

  it "publishes deliveries, messages set aside and connections" do
    dovecot.append(user, Mails.plain(1))
    dovecot.append(user, "Subject: large\r\n\r\n#{"x" * 3000}")
    events, err = once(<<~RUBY, max_message_size: 2000)
      require "active_support"
      require "active_support/notifications"
      $events = []
      ActiveSupport::Notifications.subscribe(/mail_room/) { |name, _, _, _, payload| $events << [name, payload] }
    RUBY
    expect(err).to eq("")
    box = { "mailbox" => "INBOX", "email" => user }
    expect(events).to contain_exactly(
      ["connection.mail_room", { **box, "state" => "connected" }], ["set_aside.mail_room", box],
      ["deliver.mail_room", { **box, "result" => "delivered", "duration_s" => be_a(Float) }]
    )
  end

  it "warns about a subscriber that raises, once, and goes on" do
    2.times { |number| dovecot.append(user, Mails.plain(number)) }
    events, err = once(<<~RUBY)
      require "active_support"
      require "active_support/notifications"
      $events = []
      ActiveSupport::Notifications.subscribe("deliver.mail_room") { |*| $events << 1; raise ArgumentError, "hidden" }
    RUBY
    expect(events).to eq([1, 1])
    expect(err).to match(/\Amail_room: a subscriber of deliver\.mail_room raised \S+\n\z/)
  end

  it "does not run where nobody has loaded ActiveSupport" do
    dovecot.append(user, Mails.plain(1))
    expect(once("")).to eq([[], ""])
    expect(delivered.size).to eq(1)
  end
end
