# frozen_string_literal: true

require "open3"
require_relative "../rakelib/licenses"

# What is passed on with a compiled gem.
RSpec.describe "THIRD_PARTY_LICENSES.txt" do
  before(:context) { @licenses = Licenses.new }

  attr_reader :licenses

  it "is what `rake licenses` writes: it names every crate that is compiled for a platform with a compiled gem" do
    text = File.read(Licenses::PATH)
    named = text.scan(/^(\S+ \d[^\s:]*): \S/).flatten
    expect(named).to eq(licenses.crates.map(&:title))
    expect(named.size).to be > 100
    expect(text).to eq(licenses.to_s)
  end

  it "has the text of each crate's licences, as far as the crate brings one" do
    with = File.read(Licenses::PATH).scan(/^={80}\n(.*)\n-{80}$/).flat_map { |(titles)| titles.split(", ") }
    without = licenses.crates.reject { |crate| with.include?(crate.title) }
    # Their texts are those of their neighbours', by the same authors.
    expect(without.map(&:name)).to match_array(%w[objc2-core-foundation objc2-system-configuration stop-token])
  end

  it "has a licence that is allowed for each of them" do
    allowed = File.read(File.expand_path("../deny.toml", __dir__))[/^allow = \[(.*?)\]/m, 1].scan(/"([^"]+)"/).flatten
    refused = [*licenses.crates, *StandardLibrary::CRATES].reject do |crate|
      crate.license.split(" AND ").all? { |part| part.delete("()").split(" OR ").any? { |choice| allowed.include?(choice) } }
    end
    expect(refused.map { |crate| "#{crate.title}: #{crate.license}" }).to eq([])
  end

  it "names every crate of Rust's standard library, with the texts of its licences" do
    folder, status = Open3.capture2("rustc", "--print", "target-libdir")
    expect(status).to be_success
    there = Dir.glob("lib*.rlib", base: folder.chomp).map { |name| name[/\Alib(.+)-\h+\.rlib\z/, 1] }
    expect(there).to include("std", "core", "alloc")
    named = File.read(Licenses::PATH).scan(/^([a-z]\S*): \S/).flatten
    listed = StandardLibrary::CRATES.map(&:name)
    expect(named).to eq(listed)
    expect(there - listed.map { |name| name.tr("-", "_") } - StandardLibrary::OTHERS).to eq([])

    with = File.read(Licenses::PATH).scan(/^={80}\n(.*)\n-{80}$/).flat_map { |(titles)| titles.split(", ") }
    expect(listed - with).to eq([])
    # Each crate that is said to have the same texts has one, and says the same licence.
    expect(StandardLibrary::CRATES.flat_map { |crate| crate.texts.keys }.uniq - licenses.crates.map(&:name)).to eq([])
  end

  it "names the crates of the standard library that are in the library" do
    library = File.binread(File.expand_path("../lib/mail_room/mail_room_native.#{RbConfig::CONFIG["DLEXT"]}", __dir__))
    # Where it was compiled is in the messages of its panics.
    found = library.scan(%r{/rust/deps/([a-z0-9_-]+?)-\d[\d.]*/|/rustc/\h+/library/(\w+)/}).flatten.compact.uniq
    expect(found - StandardLibrary::CRATES.map(&:name) - ["backtrace"]).to eq([])
  end
end
