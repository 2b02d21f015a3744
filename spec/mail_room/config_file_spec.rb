# frozen_string_literal: true

require "tmpdir"

RSpec.describe MailRoom::ConfigFile do
  around { |example| Dir.mktmpdir { |dir| Dir.chdir(dir) { example.run } } }

  def load(text)
    File.write("config.yml", text)
    described_class.new("config.yml").load
  end

  def refusal(text)
    load(text)
    raise "nothing was refused"
  rescue MailRoom::ConfigurationError => e
    expect(e.cause).to be_nil
    e.message
  end

  it "evaluates ERB first, with __FILE__ as the path" do
    File.write("beside.rb", "BESIDE = 7")
    text = "a: <%= __FILE__ %>\n<% require_relative 'beside' %>\nb: <%= BESIDE %>\nc: <%= __LINE__ %>\n"
    expect(load(text)).to eq({ a: "config.yml", b: 7, c: 4 })
  end

  it "takes symbol keys, string keys, aliases and merge keys" do
    text = ":base: &base\n  :x: 1\n  \"y\": 2\nderived:\n  <<: *base\n  z: :symbol\n"
    expect(load(text)).to eq({ base: { x: 1, y: 2 }, derived: { x: 1, y: 2, z: :symbol } })
  end

  it "reads UTF-8 in every locale, with or without a byte order mark" do
    script = 'require "mail_room"; print MailRoom::ConfigFile.new("config.yml").load[:a] == "Gr\u00FC\u00DFe"'
    File.binwrite("config.yml", "\xEF\xBB\xBFa: Gr\u00FC\u00DFe\n".b)
    out = IO.popen([{ "LC_ALL" => "C" }, RbConfig.ruby, "-I", File.expand_path("../../lib", __dir__), "-e", script], &:read)
    expect(out).to eq("true")
  end

  it "takes an empty file for an empty mapping" do
    expect(["", "# nothing\n", "---\n"].map { |text| load(text) }).to all(eq({}))
  end

  {
    "a: [1" => /\Aconfig\.yml is no YAML: .* at line 1, column \d+\z/,
    "a: 1\n b: 2" => /\Aconfig\.yml is no YAML: .* at line 2, column \d+\z/,
    "- 1" => /\Aconfig\.yml: the configuration must be a mapping of options, not a list\z/,
    "a: 2020-01-01" => /\Aconfig\.yml is not understood: .*date/,
    "a: !ruby/object:Object {}" => /\Aconfig\.yml is not understood: /,
    "a: 1\nb: <%= ENV.fetch('NO_SUCH_VARIABLE_HERE') %>" =>
      /\Aconfig\.yml:2: the ERB template failed: KeyError: key not found: "NO_SUCH_VARIABLE_HERE"\z/,
    "<% if true %>" => /\Aconfig\.yml.*: the ERB template failed: SyntaxError: /,
    "<% require 'no/such/library' %>" => %r{\Aconfig\.yml:1: the ERB template failed: LoadError: .*no/such/library\z},
    "a: <%= { password: 'hidden' }.no_such_method %>" =>
      /\Aconfig\.yml:1: the ERB template failed: NoMethodError: undefined no_such_method\z/
  }.each do |text, message|
    it "says in one line what is wrong with #{text.inspect}" do
      said = refusal(text)
      expect(said).to match(message)
      expect(said.lines.size).to eq(1)
    end
  end

  it "never quotes the file, whose every value may be a password" do
    texts = ["password: *hidden", "password: \"hidden", "password: [hidden", "password: <%= {x: 'hidden'}.nope %>",
             "password: hidden: hidden", "password: @hidden", "- hidden", "hidden"]
    expect(texts.map { |text| refusal(text) }.join).not_to include("hidden")
  end

  it "says that a file is missing, or is none" do
    expect { described_class.new("absent.yml").load }
      .to raise_error(described_class::Missing, "cannot read the configuration file absent.yml: No such file or directory")
    expect { described_class.new(".").load }
      .to raise_error(described_class::Missing, "cannot read the configuration file .: Is a directory")
  end
end
