# frozen_string_literal: true

RSpec.describe MailRoom::IMAP::Message do
  let(:message) { described_class.new(uid: 1, body: "x", seqno: 2) }

  it "is a message with a sequence number" do
    expect(message).to be_a(MailRoom::Message)
    expect(message).to have_attributes(uid: 1, body: "x", seqno: 2)
  end

  it "is a value" do
    expect(message).to eq(described_class.new(uid: 1, body: "x", seqno: 2))
    expect(message).not_to eq(described_class.new(uid: 1, body: "x", seqno: 3))
    expect(message).not_to eq(MailRoom::Message.new(uid: 1, body: "x"))
    expect(MailRoom::Message.new(uid: 1, body: "x")).not_to eq(message)
  end
end
