# frozen_string_literal: true

require "fileutils"
require_relative "../rakelib/vendored_gem"

# The gem of `rake package:vendored`, where there is neither a network nor a gem or crate.
RSpec.describe VendoredGem do
  before(:context) do
    @folder = Dir.mktmpdir
    FileUtils.mkdir_p(unpacked = File.join(@folder, "gem"))
    @specification = described_class.new.fill(unpacked)
  end
  after(:context) { FileUtils.rm_rf(@folder) }

  attr_reader :specification

  let(:gem) { SourceGem.new(File.join(@folder, "gem"), unpacked: true) }
  let(:alone) do
    empty = File.join(@folder, "empty")
    # The crates are in the gem, so cargo needs no folder of its own but to lock it.
    { "GEM_HOME" => empty, "GEM_PATH" => empty, "RUBYLIB" => nil, "CARGO_NET_OFFLINE" => "true",
      "CARGO_HOME" => File.join(@folder, "cargo") }
  end

  it "depends on the gems only that Ruby brings" do
    expect(specification.dependencies.map(&:name)).to match_array(%w[logger net-imap])
  end

  it "is configured without rb_sys and without downloading anything" do
    status, err = gem.configure(alone)
    expect(status).to eq(0), err
    makefile = File.read(File.join(gem.folder, "Makefile"))
    expect(makefile).to include("$(CARGO) rustc")
    # Not with the one that these specs could use.
    FileUtils.mv(File.join(@folder, "gem/rb_sys"), @folder)
    status, err = gem.configure(alone)
    FileUtils.mv(File.join(@folder, "rb_sys"), File.join(@folder, "gem"))
    expect([status, err]).to match([1, %r{rb_sys/mkmf}])
  end

  it "has the licences of what it brings" do
    expect(specification.files).to include("rb_sys/LICENSE-MIT", "rb_sys/LICENSE-APACHE", "rb_sys/lib/rb_sys/mkmf.rb",
                                           "THIRD_PARTY_LICENSES.txt")
    expect(specification.files.reject { |file| File.file?(File.join(@folder, "gem", file)) }).to eq([])
  end
end
