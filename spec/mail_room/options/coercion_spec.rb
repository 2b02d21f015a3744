# frozen_string_literal: true

require "pathname"

RSpec.describe MailRoom::Coercion do
  def refusal
    yield
    raise "nothing was refused"
  rescue MailRoom::ConfigurationError => e
    e.message
  end

  it "takes whole numbers for text, and nothing that may have been written otherwise" do
    expect(["text", 12_345, nil].map { |value| described_class.string(value, "Field :x") }).to eq(["text", "12345", nil])
    [true, 1.5, :text, [], {}].each do |value|
      expect(refusal { described_class.string(value, "Field :x") }).to match(/\AField :x must be a string, not .*: put it in quotes\z/)
    end
  end

  it "yields UTF-8, whatever the encoding a text came in" do
    expect(described_class.string("Grüße".b, "Field :x")).to eq("Grüße")
    expect(described_class.string("Grüße".encode("ISO-8859-1"), "Field :x")).to eq("Grüße")
    [+"\xFF", "\xFF".b, (+"\x81").force_encoding("Windows-1252")].each do |value|
      expect(refusal { described_class.string(value, "Field :x") }).to eq("Field :x must be text in UTF-8")
    end
  end

  it "takes what knows its path for a path, but no stream" do
    expect(described_class.path(Pathname("/a/b"), "Field :x")).to eq("/a/b")
    expect(refusal { File.open(IO::NULL) { |file| described_class.path(file, "Field :x") } }).to include("an object of class File")
  end

  it "takes digits and whole floats for numbers" do
    values = [993, "993", " 993 ", "+993", 993.0, nil]
    expect(values.map { |value| described_class.integer(value, "Field :x", 0..) }).to eq([993, 993, 993, 993, 993, nil])
    ["", "1e3", "0x10", "9 3", 1.5, Float::NAN, Float::INFINITY, true, :one, :"1", []].each do |value|
      expect(refusal { described_class.integer(value, "Field :x", 0..) }).to start_with("Field :x must be a whole number, not ")
    end
  end

  it "reads digits as decimal, also after a zero" do
    expect(described_class.integer("0143", "Field :x", 0..)).to eq(143)
  end

  it "names the range, and accepts its ends" do
    expect([1, 65_535].map { |value| described_class.integer(value, "Field :x", 1..65_535) }).to eq([1, 65_535])
    expect(refusal { described_class.integer(65_536, "Field :x", 1..65_535) }).to eq("Field :x must be between 1 and 65535, not 65536")
    expect(refusal { described_class.integer(-1, "Field :x", 0..) }).to start_with("Field :x must be at least 0")
    expect(refusal { described_class.integer(2**63, "Field :x", 0..) }).to include("64 bits")
  end

  it "takes the words true and false for booleans, and no other words" do
    values = [true, false, "true", "False", nil]
    expect(values.map { |value| described_class.boolean(value, "Field :x") }).to eq([true, false, true, false, nil])
    ["yes", "", "1", 0, 1, :true, "true\nfalse"].each do |value| # rubocop:disable Lint/BooleanSymbol
      expect(refusal { described_class.boolean(value, "Field :x") }).to start_with("Field :x must be true or false, not ")
    end
  end

  it "makes keys symbols at every depth, and leaves the original as it was" do
    original = { "a" => [{ "b" => { "c" => "d" } }], 1 => 2 }
    expect(described_class.options(original, "Field :x")).to eq({ a: [{ b: { c: "d" } }], 1 => 2 })
    expect(original).to eq({ "a" => [{ "b" => { "c" => "d" } }], 1 => 2 })
    expect(described_class.options(nil, "Field :x")).to eq({})
    expect(refusal { described_class.options("text", "Field :x") }).to eq("Field :x must be a mapping of options, not text")
  end

  it "never shows a value that may be a secret" do
    messages = [
      refusal { described_class.string(:hidden, "Field :x") }, refusal { described_class.integer("hidden", "Field :x", 0..) },
      refusal { described_class.boolean("hidden", "Field :x") }, refusal { described_class.options(["hidden"], "Field :x") },
      refusal { described_class.string("hidden\xFF", "Field :x") }
    ]
    expect(messages.join).not_to include("hidden")
  end
end
