# frozen_string_literal: true

RSpec.describe MailRoom::Redaction do
  let(:record) do
    Struct.new(:name, :password) do
      include MailRoom::Redaction.showing(:name)
    end.new("inbox", "hidden")
  end

  it "shows what it was allowed to, in every way of showing" do
    shown = [record.inspect, record.to_s, [record].inspect]
    expect(shown).to all(include('name="inbox"'))
    expect(shown.join).not_to include("hidden")
    expect { pp({ in: [record] }) }.to output(/\A(?!.*hidden).*name="inbox"/m).to_stdout
  end

  it "leaves the values where they are" do
    expect(record.to_h).to eq({ name: "inbox", password: "hidden" })
  end
end
