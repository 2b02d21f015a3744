# frozen_string_literal: true

require "open3"

RSpec.describe MailRoom::CLI do
  let(:executable) { File.expand_path("../../exe/mail_room", __dir__) }

  def run(*arguments)
    Open3.capture3(RbConfig.ruby, executable, *arguments, chdir: "/", stdin_data: "")
  end

  it "prints version and help" do
    out, _err, status = run("--version")
    expect([out, status.exitstatus]).to eq(["mail_room #{MailRoom::VERSION}\n", 0])
    out, _err, status = run("-?")
    expect([out, status.exitstatus]).to match([include("--config", "--quiet", "--log-exit-as"), 0])
  end

  it "writes a fatal error as one line of JSON when asked to, with every spelling of it" do
    [%w[--log-exit-as json], %w[--log-exit-as]].each do |asked|
      out, err, status = run("-c", "/nonexistent.yml", *asked)
      expect(JSON.parse(out)).to include("severity" => "fatal", "message" => /nonexistent/, "backtrace" => be_an(Array),
                                         "time" => /\A\d{4}-\d\d-\d\dT[\d:]+\.\d{3}Z\z/)
      expect([out.lines.size, err, status.exitstatus]).to eq([1, "", 1])
    end
  end

  it "raises a fatal error otherwise" do
    out, err, status = run("-c", "/nonexistent.yml", "--log-exit-as", "plain")
    expect(out).to eq("")
    expect(err).to include("cannot read the configuration file", "MailRoom::ConfigurationError")
    expect(status.exitstatus).to eq(1)
  end

  it "refuses options it does not know in one line" do
    _out, err, status = run("--log-exit-as", "xml")
    expect([err.lines.size, status.exitstatus]).to eq([1, 2])
    _out, err, status = run("--frobnicate")
    expect([err, status.exitstatus]).to match([/frobnicate/, 2])
  end

  %w[TERM INT].each do |signal|
    it "ends with status 0 and says nothing on #{signal}, and is found by its title" do
      process = MailRoomProcess.new([], "--log-exit-as", "json").start
      wait_until(20, "the title") { File.read("/proc/#{process.pid}/cmdline").start_with?("mail_room -c") }
      process.signal(signal)
      expect(process.wait(5).exitstatus).to eq(0)
      expect(process.everything_said).to eq("")
    ensure
      process&.remove
    end
  end
end
