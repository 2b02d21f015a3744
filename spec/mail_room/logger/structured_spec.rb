# frozen_string_literal: true

require "stringio"
require "tmpdir"

RSpec.describe MailRoom::Logger::Structured do
  let(:stream) { StringIO.new }
  let(:logger) { described_class.new(stream) }

  it "is a Logger that writes a line of JSON for a hash" do
    logger.info({ context: { email: "a@b", name: "inbox" }, action: "Idling" })
    expect(logger).to be_a(Logger)
    expect(stream.string).to match(/\A\{"severity":"INFO","time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d","context":.*\}\n\z/)
    expect(JSON.parse(stream.string)).to include("context" => { "email" => "a@b", "name" => "inbox" }, "action" => "Idling")
  end

  it "takes hashes only", :wrong_types do
    expect { logger.info("text") }.to raise_error(ArgumentError, "Message must be a Hash")
  end

  it "copes with bytes that are no text" do
    logger.warn({ error: "\xFFbroken", "\xFF".b => ["\xE4".b] })
    expect(JSON.parse(stream.string)).to include("error" => "\u{FFFD}broken", "\u{FFFD}" => ["\u{FFFD}"])
  end

  it "appends to a file, every line of which is JSON" do
    Dir.mktmpdir do |dir|
      path = File.join(dir, "mail_room.log")
      2.times { |number| described_class.new(path).info({ number: number }) }
      expect(File.readlines(path).map { |line| JSON.parse(line)["number"] }).to eq([0, 1])
    end
  end

  it "writes nowhere without a device" do
    expect(described_class.new(nil).info({ action: "x" })).to be(true)
  end
end
