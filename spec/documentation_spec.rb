# frozen_string_literal: true

require "fileutils"
require "open3"

# YARD's pages of the API, as .yardopts makes them.
RSpec.describe "the API documentation" do
  let(:root) { File.expand_path("..", __dir__) }

  # @return [Array<String>] warnings and errors
  def trouble(folder)
    Dir.mktmpdir do |db|
      said, status = Open3.capture2e("yard", "stats", "--no-save", "--no-cache", "--db", db, chdir: folder)
      expect(status).to be_success, said
      expect(said).to match(/^Classes:\s+[1-9]\d+/)
      said.lines.grep(/\[(warn|error)\]/)
    end
  end

  it "is made without a warning" do
    expect(trouble(root)).to eq([])
  end

  # `yard gems`, and sites that show the pages of gems.
  it "is made without a warning from the installed gem, too" do
    specification = Dir.chdir(root) { Gem::Specification.load("gitlab-mail_room.gemspec") }
    Dir.mktmpdir do |folder|
      # The compiled gem has none of what is compiled.
      specification.files.grep_v(%r{\A(ext/|Cargo)}).each do |file|
        FileUtils.mkdir_p(File.dirname(File.join(folder, file)))
        FileUtils.cp(File.join(root, file), File.join(folder, file))
      end
      expect(trouble(folder)).to eq([])
    end
  end
end
