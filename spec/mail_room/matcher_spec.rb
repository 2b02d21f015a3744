# frozen_string_literal: true

# The table of cases is the core's; here: what Ruby sees of it, and the documented examples.
RSpec.describe MailRoom::Matcher do
  token = "4f5c0123456789abcdef0123456789ab"
  strategies = { "sub-addressing" => "incoming+%{key}@gl.test", "catch-all" => "incoming-%{key}@gl.test" }
  features = {
    reply: [token, { reply_key: token }],
    new_issue: ["group-app-12-tok-issue", { project_id: 12, project_path: "group-app" }],
    new_merge_request: ["group-app-12-tok-merge-request", { project_id: 12, project_path: "group-app" }],
    service_desk: ["group-app-12-issue-", { project_id: 12, project_path: "group-app" }]
  }

  strategies.each do |strategy, address|
    features.each do |feature, (key, members)|
      it "finds #{feature} by #{strategy}" do
        recipient = address.sub("%{key}", key)
        found = described_class.new(address: address).match("To: Doe <#{recipient}>\r\n\r\n")
        expect(found.to_h.compact).to eq({ verdict: :accepted, key: key, source: :to, address: recipient, feature: feature,
                                           reason: "a header carries a key", **members })
      end
    end
  end

  features.each do |feature, (key, members)|
    it "finds #{feature} by the references of mail to a dedicated address" do
      found = described_class.new(address: "gitlab@gl.test", gitlab_host: "gl.test")
        .match("To: gitlab@gl.test\r\nReferences: <reply-#{key}@gl.test>\r\n\r\n")
      expect(found.to_h).to include(verdict: :accepted, source: :references, feature: feature, key: key, **members)
    end
  end

  it "answers with a verdict for automatic replies, unknown recipients and nothing" do
    matcher = described_class.new(address: "incoming+%{key}@gl.test")
    mails = ["To: incoming+k@gl.test\nAuto-Submitted: auto-replied\n\n", "To: you@gl.test\n\n", "", "\xFF\x00\n"]
    expect(mails.map { |mail| matcher.match(mail).verdict }).to eq(%i[auto_reply unmatched empty unmatched])
    expect(described_class.new(address: "incoming+%{key}@gl.test", auto_replies: :deliver).match(mails.first)).to be_accepted
  end

  it "takes the tokens of partitioned replies apart" do
    partitioned = "1a-0123456789abcdefghijklmno"
    { partitioned => nil, "#{partitioned}-zz" => "zz", "#{partitioned}-zz-unsubscribe" => "zz" }.each do |key, namespace|
      found = described_class.new(address: "incoming+%{key}@gl.test").match("To: incoming+#{key}@gl.test\n\n")
      expect(found.to_h).to include(key: key, reply_key: "0123456789abcdefghijklmno", partition: "1a", namespace_id: namespace)
    end
    found = described_class.new(address: "incoming+%{key}@gl.test").match("To: incoming+#{token}@gl.test\n\n")
    expect(found.to_h).to include(reply_key: token, partition: nil, namespace_id: nil)
  end

  it "knows what the app puts after the + of a custom address" do
    matcher = described_class.new(address: "incoming+%{key}@gl.test", also_accept: ["support@acme.test"])
    expect(matcher.match("To: support+verify@acme.test\n\n").to_h).to include(verdict: :accepted, key: "verify", feature: :service_desk)
    expect(matcher.match("To: support+#{token}@acme.test\n\n").to_h)
      .to include(verdict: :accepted, key: token, reply_key: token, feature: :reply, address: "support+#{token}@acme.test")
    expect(matcher.match("To: support+else@acme.test\n\n").verdict).to eq(:unmatched)
  end

  it "accepts custom addresses without a key" do
    matcher = described_class.new(address: "incoming+%{key}@gl.test", also_accept: ["help*@acme.test"])
    expect(matcher.match("To: help+7@acme.test\n\n").to_h).to include(verdict: :accepted, key: nil, feature: :service_desk)
  end

  it "takes only strings", :wrong_types do
    expect { described_class.new(address: "incoming+%{key}@gl.test").match(nil) }.to raise_error(TypeError)
  end
end
