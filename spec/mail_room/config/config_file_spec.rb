# frozen_string_literal: true

require "open3"
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
    out = IO.popen([{ "LC_ALL" => "C" }, RbConfig.ruby, "-I", File.expand_path("../../../lib", __dir__), "-e", script], &:read)
    expect(out).to eq("true")
  end

  it "reads a day as one" do
    expect(load("since: 2026-11-01")).to eq({ since: Date.new(2026, 11, 1) })
  end

  it "takes an empty file for an empty mapping" do
    expect(["", "# nothing\n", "---\n"].map { |text| load(text) }).to all(eq({}))
  end

  {
    "a: [1" => /\Aconfig\.yml is not YAML: .* at line 1, column \d+\z/,
    "a: 1\n b: 2" => /\Aconfig\.yml is not YAML: .* at line 2, column \d+\z/,
    "- 1" => /\Aconfig\.yml: the configuration must be a mapping of options, not a list\z/,
    "a: 2020-01-01 10:00:00" => /\Aconfig\.yml is not understood: .*time/,
    "a: !ruby/object:Object {}" => /\Aconfig\.yml is not understood: /,
    "a: 1\nb: <%= ENV.fetch('NO_SUCH_VARIABLE_HERE') %>" =>
      /\Aconfig\.yml:2: the ERB template failed: KeyError\z/,
    "<% if true %>" => /\Aconfig\.yml(:\d+)?: the ERB template failed: SyntaxError\z/,
    "<% require 'no/such/library' %>" => /\Aconfig\.yml:1: the ERB template failed: LoadError\z/,
    "a: <%= { password: 'hidden' }.no_such_method %>" => /\Aconfig\.yml:1: the ERB template failed: NoMethodError\z/
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

  # How an exception comes to show what caused it.
  {
    "Integer" => "Integer('hidden')", "Float" => "Float('hidden')", "JSON" => "require 'json'; JSON.parse('hidden')",
    "a key" => "{}.fetch('hidden')", "a receiver" => "Struct.new(:password).new('hidden').nope",
    "a constant" => "Object.const_get('hidden')", "YAML" => "YAML.load('[hidden')", "Date" => "require 'date'; Date.parse('hidden')",
    "a message" => "raise 'hidden'", "no StandardError" => "raise SecurityError, 'hidden'", "any Exception" => "raise Exception, 'hidden'",
    "a method that is not there" => "public_send('hidden')", "code that is none" => "eval('hidden hidden hidden(')",
    "a cause" => "begin; Integer('hidden'); rescue ArgumentError; raise 'and hidden'; end", "throw" => "throw 'hidden'",
    "an encoding" => "'hidden\u00fc'.encode('US-ASCII')", "a file" => "File.read('hidden')", "a library" => "require 'hidden'",
    "a frozen value" => "'hidden'.freeze << 'x'", "matching" => "case 'hidden'; in Integer then 1; end",
    "a message of its own" => "raise(Class.new(StandardError) { def message = raise('hidden') })"
  }.each do |what, code|
    it "names class, file and line only of an exception in the template: #{what}" do
      File.write("config.yml", "a: 1\nb: 2\nc: <%= #{code} %>\n")
      described_class.new("config.yml").load
    rescue MailRoom::ConfigurationError => e
      expect(e.message).to match(/\Aconfig\.yml:3: the ERB template failed: \S+\z/)
      shown = [e.message, e.full_message, e.inspect, *e.backtrace].join
      expect([e.cause, shown.include?("hidden")]).to eq([nil, false])
    else
      raise "nothing was refused"
    end
  end

  it "shows nothing of the template whichever command reads it" do
    File.write("config.yml", "a: 1\nb: <%= Integer('hidden') %>\n")
    commands = [%w[-c config.yml], %w[-c config.yml --log-exit-as json], %w[-c config.yml --log-exit-as plain], %w[check -c config.yml],
                %w[check -c config.yml --json], %w[config -c config.yml]]
    commands.each do |arguments|
      out, status = Open3.capture2e(RbConfig.ruby, MailRoomProcess::EXECUTABLE, *arguments)
      expect([status.exitstatus, out.include?("hidden"), out.include?("config.yml:2: the ERB template failed: ArgumentError")])
        .to eq([1, false, true]), "#{arguments.join(" ")}: #{out}"
    end
  end

  it "says that a file is missing, or is none" do
    expect { described_class.new("absent.yml").load }
      .to raise_error(described_class::Missing, "cannot read the configuration file absent.yml: No such file or directory")
    expect { described_class.new(".").load }
      .to raise_error(described_class::Missing, "cannot read the configuration file .: Is a directory")
  end
end
