# frozen_string_literal: true

RSpec.describe MailRoom::OptionTable do
  let(:inner) do
    described_class.new(:inner, title: "Inner", scope: "inner", about: "Inner.") { option :host, :text, "Host.", native: "server.host" }
  end
  let(:table) do
    included = inner
    described_class.new(:outer, title: "Outer", scope: "outer", about: "Outer.") do
      include_table included
      option :kind, :choice, "Kind.", values: %w[a b], default: "a"
      option :port, :integer, "Port.", names: %i[port outer_port], range: 1..9, default: 5, native: "server.port"
      option :user, :text, "User.", required: true, single_line: true
      option :only_a, :boolean, "Only for a.", only: { kind: %w[a] }, native: nil, part_of: :group
    end
  end

  def read(given, **rest) = table.read(given, where: "outer of X", **rest)

  it "reads every option under any of its names, with its default" do
    expect(read({ "outer_port" => "7", user: "u", host: "" })).to eq(host: nil, kind: "a", port: 7, user: "u", only_a: nil)
  end

  it "takes the first name that is given" do
    expect(read({ outer_port: 7, port: 3, user: "u" })[:port]).to eq(3)
  end

  {
    { user: nil } => "Field :user in outer of X is required",
    { user: "a\nb" } => "Field :user in outer of X must not contain CR, LF or NUL",
    { user: "u", port: 10 } => "Field :port in outer of X must be between 1 and 9, not 10",
    { user: "u", outer_port: true } => "Field :outer_port in outer of X must be a whole number, not true",
    { user: "u", kind: "c" } => "Field :kind in outer of X must be one of a, b"
  }.each do |given, message|
    it "refuses #{given} and names the option" do
      expect { read(given) }.to raise_error(MailRoom::ConfigurationError, message)
    end
  end

  it "warns about an unknown option, and suggests a known one" do
    expect(MailRoom::Warnings).to receive(:once)
      .with([:unknown_option, "outer", :prot], "unknown option :prot in outer is ignored (did you mean :port?)")
    read({ user: "u", prot: 1 })
  end

  it "refuses an unknown option if it is strict" do
    strict = described_class.new(:s, title: "S", scope: "S options", about: "S.", strict: true) { option :cert, :path, "File." }
    expect { strict.read({ certt: 1 }, where: "ssl of X") }
      .to raise_error(MailRoom::ConfigurationError, "Field :certt in ssl of X is not supported (did you mean :cert?): S options are cert")
  end

  it "converts values for the native library, into nested hashes" do
    expect(table.native(read({ user: "u", host: "h" }))).to eq("server" => { "host" => "h", "port" => 5 }, "kind" => "a", "user" => "u")
  end

  it "knows which options are values of their own" do
    expect(table.members).to eq(%i[host kind port user])
  end

  it "knows beside which settings an option has a meaning" do
    expect([{ kind: "a" }, { kind: nil }, { kind: "b" }].map { |settings| table.applies?(table[:only_a], settings) })
      .to eq([true, true, false])
  end
end
