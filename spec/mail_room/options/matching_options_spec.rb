# frozen_string_literal: true

RSpec.describe MailRoom::MatchingOptions do
  def native(**options)
    described_class.to_native({ address: "in+%{key}@gl.test", **options }, where: "matching")
  end

  it "has defaults that lose nothing" do
    expect(native).to eq("address" => "in+%{key}@gl.test", "gitlab_host" => nil, "also_accept" => [], "auto_replies" => "ignore",
                         "unmatched" => "deliver", "dry_run" => false)
  end

  {
    { address: nil } => "Field :address in matching is required",
    { address: "in+%{key}" } => "Field :address in matching must be one e-mail address with at most one %{key}",
    { address: "a%{key}+%{key}@gl.test" } => "Field :address in matching must be one e-mail address with at most one %{key}",
    { address: "in@gl.test" } => "Field :gitlab_host in matching is required where the address has no %{key}: only references can match",
    { gitlab_host: "a b" } => "Field :gitlab_host in matching must be a host name",
    { also_accept: "a@b" } => "Field :also_accept in matching must be a list, not text",
    { also_accept: ["a"] } => "Field :also_accept in matching must be a list of e-mail addresses; * is any run of characters",
    { auto_replies: "drop" } => "Field :auto_replies in matching must be one of ignore, deliver",
    { unmatched: 1 } => "Field :unmatched in matching must be one of deliver, ignore, reject"
  }.each do |options, message|
    it "refuses #{options}" do
      expect { native(**options) }.to raise_error(MailRoom::ConfigurationError, message)
    end
  end

  it "is checked with its mailbox" do
    attributes = { email: "a@b", password: "x", name: "INBOX", delivery_method: "noop" }
    expect { MailRoom::Mailbox.new(**attributes, matching: { "address" => "x" }) }
      .to raise_error(MailRoom::ConfigurationError, /\AField :address in matching of Mailbox .* must be one e-mail address/)
  end
end
