# frozen_string_literal: true

RSpec.describe MailRoom::Arbitration::Redis do
  def options(**arbitration_options)
    described_class::Options.new(MailRoom::Mailbox.new(email: "in@example.com", password: "x", name: "inbox", delivery_method: "noop",
                                                       arbitration_options: arbitration_options))
  end

  it "has the members and the defaults of the original" do
    expect(described_class::Options.members.first(5)).to eq(%i[redis_url namespace sentinels sentinel_username sentinel_password])
    expect(options).to have_attributes(redis_url: "redis://localhost:6379", namespace: nil, sentinels: nil, claim_ttl: 60)
    expect(options(redis_url: nil, sentinels: nil, claim_ttl: nil)).to eq(options)
  end

  it "refuses a claim that would not live" do
    [0, -1, "soon"].each do |claim_ttl|
      expect { options(claim_ttl: claim_ttl) }.to raise_error(MailRoom::ConfigurationError, /:claim_ttl in arbitration_options of Mailbox/)
    end
  end

  it "shows no secret" do
    expect(options(redis_url: "redis://:hidden@h", sentinel_password: "hidden").inspect).not_to include("hidden")
  end

  it "uses the database of the address and the namespace", :servers do
    arbiter = nil
    expect { arbiter = described_class.new(options(redis_url: redis.url(3), namespace: "mail_room:gitlab")) }
      .to output(/\A(mail_room: warning: Redis namespaces are deprecated: `namespace` in arbitration_options[^\n]*\n)?\z/).to_stderr
    expect([arbiter.deliver?("7"), arbiter.deliver?(7)]).to eq([true, false])
    expect(redis.call("KEYS", "*delivered:7")).to eq([])
    redis.call("SWAPDB", 0, 3)
    expect(redis.call("KEYS", "*")).to eq(["mail_room:gitlab:delivered:7"])
  end
end
