# frozen_string_literal: true

RSpec.describe MailRoom::MatchingOptions do
  def native(**options)
    described_class.to_native({ address: "in+%{key}@gl.test", **options }, where: "matching")
  end

  it "has defaults that lose nothing" do
    expect(native).to eq("address" => "in+%{key}@gl.test", "gitlab_host" => nil, "also_accept" => [], "auto_replies" => "ignore",
                         "bounces" => "deliver", "unmatched" => "deliver", "dry_run" => false)
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
    { bounces: "reject" } => "Field :bounces in matching must be one of deliver, ignore",
    { unmatched: 1 } => "Field :unmatched in matching must be one of deliver, ignore, reject"
  }.each do |options, message|
    it "refuses #{options}" do
      expect { native(**options) }.to raise_error(MailRoom::ConfigurationError, message)
    end
  end

  {
    "x@%{key}.gl.test" => /\Aaddress in matching: %{key} stands behind the @ of x@%{key}.gl.test; put %{key} before the @\z/,
    "#{"x" * 31}+%{key}@gl.test" => /\Aaddress in matching: 32 characters stand before %{key} in .*; shorten .* to 31 characters\z/
  }.each do |address, warning|
    it "warns about #{address}" do
      said = []
      allow(MailRoom::Warnings).to receive(:once) { |_key, message| said << message }
      native(address: address)
      expect(said).to match([warning])
    end
  end

  it "warns about no other address" do
    allow(MailRoom::Warnings).to receive(:once)
    ["#{"x" * 30}+%{key}@gl.test", "in+%{key}@example.com", "in+%{key}@mail.gl.test"].each { |address| native(address: address) }
    native(address: "#{"x" * 60}@gl.test", gitlab_host: "gl.test")
    expect(MailRoom::Warnings).not_to have_received(:once)
  end

  it "is checked with its mailbox" do
    attributes = { email: "a@b", password: "x", name: "INBOX", delivery_method: "noop" }
    expect { MailRoom::Mailbox.new(**attributes, matching: { "address" => "x" }) }
      .to raise_error(MailRoom::ConfigurationError, /\AField :address in matching of Mailbox .* must be one e-mail address/)
  end
end
