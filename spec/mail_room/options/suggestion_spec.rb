# frozen_string_literal: true

RSpec.describe MailRoom::Suggestion do
  it "finds the nearest known word, or none" do
    expect(described_class.nearest(:serch_command, %i[search_command port])).to eq("search_command")
    expect(described_class.nearest(:colour, %i[search_command port])).to be_nil
    expect(described_class.hint("prot", %i[port])).to eq(" (did you mean :port?)")
    expect(described_class.hint("colour", %i[port])).to eq("")
  end
end
