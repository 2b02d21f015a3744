# frozen_string_literal: true

RSpec.describe MailRoom::Delivery::LetterOpener do
  def options(**attributes)
    described_class::Options.new(MailRoom::Mailbox.new({ email: "in@example.com", password: "x", name: "inbox",
                                                         delivery_method: "noop" }.merge(attributes)))
  end

  it "reads the location from the mailbox, or from delivery_options" do
    expect(described_class::Options.members).to eq(%i[location])
    expect(options(location: "/a").location).to eq("/a")
    expect(options(delivery_options: { location: "/b" }).location).to eq("/b")
  end

  it "does not pretend to deliver" do
    expect { described_class.new(options) }.to raise_error(MailRoom::ConfigurationError, /letter_opener is not available yet/)
  end
end
