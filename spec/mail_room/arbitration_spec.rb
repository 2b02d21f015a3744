# frozen_string_literal: true

RSpec.describe MailRoom::Arbitration do
  it "knows its classes by name, as string and as symbol" do
    expect([described_class["noop"], described_class[:redis]]).to eq([described_class::Noop, described_class::Redis])
  end

  it "lists the names when there is no such one" do
    expect { described_class["reddis"] }.to raise_error(MailRoom::ConfigurationError, /"reddis" \(did you mean :redis\?\).*noop, redis/)
  end

  it "asks natively with exactly the classes of its own" do
    classes = [described_class::Noop, described_class::Redis, Class.new(described_class::Redis)]
    expect(classes.map { |klass| described_class.native?(klass) }).to eq([true, true, false])
  end
end
