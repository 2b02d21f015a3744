# frozen_string_literal: true

require "tmpdir"

RSpec.describe MailRoom::Delivery::Logger do
  def options(**attributes)
    described_class::Options.new(MailRoom::Mailbox.new({ email: "in@example.com", password: "x", name: "inbox",
                                                         delivery_method: "logger" }.merge(attributes)))
  end

  it "takes the path of the mailbox, or of delivery_options" do
    expect(options(log_path: "/a", delivery_options: { log_path: "/b" }).log_path).to eq("/a")
    expect(options(delivery_options: { "log_path" => "/b" }).log_path).to eq("/b")
    expect(options.log_path).to be_nil
  end

  it "writes a message as a Ruby Logger would" do
    Dir.mktmpdir do |dir|
      path = File.join(dir, "mails.log")
      expect(described_class.new(options(log_path: path)).deliver("Subject: x\r\n\r\nbody")).to be(true)
      expect(File.binread(path)).to match(/^I, \[\d{4}-\d\d-\d\dT[\d:.]{15} #\d+\]  INFO -- : Subject: x\r\n\r\nbody\n\z/)
    end
  end

  it "says which file it cannot write" do
    expect { described_class.new(options(log_path: "/nonexistent/mails.log")).deliver("x") }
      .to raise_error(RuntimeError, %r{/nonexistent/mails\.log})
  end
end
