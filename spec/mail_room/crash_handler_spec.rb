# frozen_string_literal: true

require "stringio"

RSpec.describe MailRoom::CrashHandler do
  let(:stream) { StringIO.new }
  let(:handler) { described_class.new(stream) }

  def raised(message)
    raise IOError, message
  rescue IOError => e
    e
  end

  it "writes one line of JSON" do
    error = raised("two\nlines")
    expect(handler.handle(error, "json")).to be_nil
    expect(stream.string.lines.size).to eq(1)
    expect(JSON.parse(stream.string)).to match("time" => /\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\z/, "severity" => "fatal",
                                               "message" => "two\nlines", "backtrace" => error.backtrace)
  end

  it "copes with an error that was never raised, and with bytes that are no text" do
    handler.handle(IOError.new("\xFFbroken".b), :json)
    expect(JSON.parse(stream.string)).to include("message" => "\u{FFFD}broken", "backtrace" => [])
  end

  it "raises the same error again in any other format" do
    error = raised("x")
    place = error.backtrace.first
    ["plain", nil, "none"].each do |format|
      expect { handler.handle(error, format) }.to raise_error(error) { |again| expect(again.backtrace.first).to eq(place) }
    end
    expect(stream.string).to eq("")
  end
end
