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

  it "cannot watch with an IO object yet" do
    [$stdout, StringIO.new].each do |stream|
      expect { described_class.to_native(stream) }.to raise_error(MailRoom::ConfigurationError, /not available yet/)
    end
  end

  it "refuses what is no target" do
    [:syslog, 1.5, true].each do |target|
      expect { described_class.for_ruby(target) }.to raise_error(MailRoom::ConfigurationError, /:log_path must be a string/)
    end
  end
end
