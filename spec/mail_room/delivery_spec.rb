# frozen_string_literal: true

RSpec.describe MailRoom::Delivery do
  it "knows its classes by name, as string and as symbol" do
    classes = { noop: described_class::Noop, logger: described_class::Logger, sidekiq: described_class::Sidekiq,
                postback: described_class::Postback, letter_opener: described_class::LetterOpener, que: described_class::Que }
    expect(classes.keys.to_h { |name| [name, described_class[name]] }).to eq(classes)
    expect(classes.keys.to_h { |name| [name, described_class[name.to_s]] }).to eq(classes)
  end

  it "lists the names when there is no such one" do
    expect { described_class["sidekick"] }
      .to raise_error(MailRoom::ConfigurationError, /did you mean :sidekiq\?.* noop, logger, sidekiq, postback, letter_opener, que/)
    expect { described_class[nil] }.to raise_error(MailRoom::ConfigurationError)
  end

  it "takes classes of the app's own under a name" do
    klass = stub_const("AppDelivery", Class.new)
    described_class.register(:app_delivery, klass)
    expect(described_class["app_delivery"]).to be(klass)
    expect { described_class.register("app_delivery", klass) }.not_to raise_error
    expect { described_class.register("sidekiq", klass) }.to raise_error(MailRoom::ConfigurationError, /sidekiq belongs to MailRoom/)
    expect { described_class.register("", klass) }.to raise_error(MailRoom::ConfigurationError, /must have a name/)
  end

  it "delivers natively with exactly the classes of its own" do
    native = [described_class::Noop, described_class::Logger, described_class::Sidekiq]
    expect(native.select { |klass| described_class.native?(klass) }).to eq(native)
    others = [described_class::LetterOpener, Class.new(described_class::Sidekiq), "noop", nil]
    expect(others.any? { |klass| described_class.native?(klass) }).to be(false)
  end
end
