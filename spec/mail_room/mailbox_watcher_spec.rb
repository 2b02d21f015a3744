# frozen_string_literal: true

RSpec.describe MailRoom::MailboxWatcher, :servers do
  let(:watcher) { described_class.new(MailRoom::Mailbox.new(mailbox(dovecot.new_user))) }

  after { watcher.quit }

  it "does nothing before it is told to" do
    expect(watcher).to have_attributes(running?: false, watching_thread: nil, mailbox: be_a(MailRoom::Mailbox))
    expect(watcher.quit).to be_nil
  end

  it "runs in a thread of its own until it is told to quit, as often as wanted" do
    2.times do
      expect(watcher.run).to be(watcher.watching_thread)
      expect(watcher).to be_running
      watcher.quit
      expect(watcher).to have_attributes(running?: false, watching_thread: have_attributes(alive?: false))
    end
  end

  it "starts only once" do
    first = watcher.run
    expect(watcher.run).to be(first)
  end

  it "refuses what cannot be watched before any thread starts" do
    watcher.mailbox.delivery_method = "postback"
    expect { watcher.run }.to raise_error(MailRoom::ConfigurationError, /:delivery_url in Mailbox .* is required/)
    expect(watcher.watching_thread).to be_nil
  end
end
