# frozen_string_literal: true

RSpec.describe MailRoom::Warnings do
  it "says each thing once a process, also when many threads say it at once" do
    key = Object.new
    said = nil
    expect { said = Array.new(20) { Thread.new { described_class.once(key, "beware") } }.map(&:value) }
      .to output("mail_room: warning: beware\n").to_stderr
    expect(said.tally).to eq({ true => 1, false => 19 })
  end
end
