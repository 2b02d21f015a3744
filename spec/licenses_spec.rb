# frozen_string_literal: true

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
    expect(without.map(&:name)).to match_array(%w[asn1-rs-impl objc2-core-foundation objc2-system-configuration stop-token])
  end

  it "has a licence that is allowed for each of them" do
    allowed = File.read(File.expand_path("../deny.toml", __dir__))[/^allow = \[(.*?)\]/m, 1].scan(/"([^"]+)"/).flatten
    refused = licenses.crates.reject do |crate|
      crate.license.split(" AND ").all? { |part| part.delete("()").split(" OR ").any? { |choice| allowed.include?(choice) } }
    end
    expect(refused.map { |crate| "#{crate.title}: #{crate.license}" }).to eq([])
  end
end
