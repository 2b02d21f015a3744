# frozen_string_literal: true

require "open3"

# YARD's pages of the API, as .yardopts makes them.
RSpec.describe "the API documentation" do
  let(:root) { File.expand_path("..", __dir__) }

  def yard(*arguments)
    Dir.mktmpdir do |folder|
      Open3.capture2e("yard", *arguments, "--no-save", "--no-cache", "--db", folder, chdir: root)
    end
  end

  it "is made without a warning" do
    said, status = yard("stats")
    expect(status).to be_success, said
    expect(said.lines.grep(/\[(warn|error)\]/)).to eq([]), said
    expect(said).to match(/^Classes:\s+[1-9]\d+/)
  end
end
