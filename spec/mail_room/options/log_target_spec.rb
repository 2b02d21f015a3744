# frozen_string_literal: true

require "pathname"
require "stringio"

RSpec.describe MailRoom::LogTarget do
  it "knows the streams, paths and nowhere" do
    targets = { stdout: $stdout, "STDOUT" => $stdout, stderr: $stderr, "STDERR" => $stderr, nil => nil, "" => nil,
                "/var/log/x.log" => "/var/log/x.log", Pathname("/x") => "/x", "stdout" => "stdout" }
    expect(targets.keys.to_h { |target| [target, described_class.for_ruby(target)] }).to eq(targets)
    stream = StringIO.new
    expect(described_class.for_ruby(stream)).to be(stream)
  end

  it "says it to the compiled library" do
    targets = { stdout: "stdout", "STDOUT" => "stdout", stderr: "stderr", "STDERR" => "stderr", nil => nil, "" => nil,
                "/x.log" => { "path" => "/x.log" }, Pathname("/x") => { "path" => "/x" } }
    expect(targets.keys.to_h { |target| [target, described_class.to_native(target)] }).to eq(targets)
  end

  it "tells objects to write to from paths" do
    expect([$stdout, StringIO.new].map { |target| described_class.stream?(target) }).to all(be(true))
    expect([:stdout, "x", Pathname("/x"), nil].map { |target| described_class.stream?(target) }).to all(be(false))
  end

  it "refuses what is no target" do
    [:syslog, 1.5, true].each do |target|
      expect { described_class.for_ruby(target) }.to raise_error(MailRoom::ConfigurationError, /:log_path must be a string/)
    end
  end
end
