# frozen_string_literal: true

require "open3"

# Only the main Ractor may use the library. In another, it raises what docs/installing.md says, and the process goes on.
RSpec.describe "another Ractor" do
  def said(script)
    out, status = Open3.capture2e(RbConfig.ruby, "-W:no-experimental", "-I", File.expand_path("../lib", __dir__), "-e", <<~RUBY)
      require "mail_room"
      Thread.report_on_exception = false
      begin
        p(Ractor.new { #{script} }.then { |ractor| ractor.respond_to?(:value) ? ractor.value : ractor.take })
      rescue Ractor::RemoteError => e
        puts e.cause.class
      end
      MailRoom::Matcher.new(address: "a+%{key}@example.com").match("To: a+key@example.com\\n\\n")
    RUBY
    expect(status).to be_success, out
    out
  end

  it "can read the versions, and gets an error from all else" do
    expect(said("MailRoom::VERSION == MailRoom::NATIVE_VERSION")).to eq("true\n")
    expect(said("MailRoom::Native.reopen_logs")).to eq("Ractor::UnsafeError\n")
    expect(said('MailRoom::Mailbox.new(email: "a@example.com", password: "p", name: "INBOX")')).to eq("Ractor::IsolationError\n")
  end
end
