# frozen_string_literal: true

RSpec.describe MailRoom::Message do
  let(:message) { described_class.new(uid: 1, body: "a private mail") }

  it "is a value" do
    expect(message).to eq(described_class.new(uid: 1, body: "a private mail"))
    expect([message, described_class.new(uid: 1, body: "a private mail")].uniq.size).to eq(1)
    expect(message).not_to eq(described_class.new(uid: 2, body: "a private mail"))
    expect(message).not_to eq(described_class.new(uid: 1, body: "another"))
    expect(message).not_to eq("a private mail")
  end

  it "shows its size and not its text" do
    expect([message.inspect, message.to_s]).to all(eq("#<MailRoom::Message uid=1 bytes=14>"))
    expect(described_class.new(uid: "x", body: nil).inspect).to eq('#<MailRoom::Message uid="x" bytes=nil>')
  end
end
