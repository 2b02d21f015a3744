# frozen_string_literal: true

RSpec.describe MailRoom::Check::Address do
  def step(address)
    described_class.steps(MailRoom::Mailbox.new(email: "a", password: "b", name: "c",
                                                matching: { address: address, gitlab_host: "gitlab.example.com" })).first
  end

  {
    "incoming+%{key}@gitlab.example.com" => :ok, "incoming+%{key}@example.com" => :warning, "incoming+%{key}@example.co.uk" => :warning,
    "incoming+%{key}@in.example.co.uk" => :ok, "x+%{key}@gmail.com" => :ok, "x+%{key}@acme.onmicrosoft.com" => :ok,
    "x+%{key}@localhost" => :ok, "gitlab@in.example.com" => :warning, "x@%{key}.in.example.com" => :failed,
    "a-very-long-name-for-a-mailbox+%{key}@in.example.com" => :ok, "another-long-name-for-a-mailbox+%{key}@in.example.com" => :warning
  }.each do |address, status|
    it "finds #{address} to be #{status}" do
      expect(step(address).status).to eq(status)
    end
  end

  it "says why" do
    expect(step("incoming+%{key}@example.com").to_h).to include(
      question: "Incoming address is safe?", detail: /can pass for one of its people at services that trust addresses of example.com/,
      fix: "Use a sub-domain (incoming.example.com) or a domain for nothing else"
    )
    expect(step("gitlab@in.example.com").detail).to include("only replies can be recognised")
    expect(step("another-long-name-for-a-mailbox+%{key}@in.example.com").detail)
      .to start_with("32 characters stand before %{key} in another-long")
    expect(step("x@%{key}.in.example.com").fix).to eq("Put %{key} before the @")
  end

  it "says nothing of an address that nobody told" do
    expect(described_class.steps(MailRoom::Mailbox.new(email: "a@example.com", password: "b", name: "c"))).to eq([])
  end
end
