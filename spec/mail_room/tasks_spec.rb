# frozen_string_literal: true

require "open3"
require "tmpdir"

RSpec.describe "the Rake tasks" do
  around { |example| Dir.mktmpdir { |dir| Dir.chdir(dir) { example.run } } }

  before do
    Dir.mkdir("config")
    File.write("config/mail_room.yml", YAML.dump(mailboxes: [mailbox(dovecot.new_user)]))
  end

  def rake(rakefile, *arguments)
    File.write("Rakefile", rakefile)
    Open3.capture3({ "LC_ALL" => "C.UTF-8", "RUBYLIB" => File.expand_path("../../lib", __dir__) }, Gem.ruby, "-S", "rake", *arguments)
  end

  it "check the usual configuration, or the one that is named" do
    %w[mail_room:check gitlab:incoming_email:check].each do |task|
      out, err, status = rake("require 'mail_room/tasks'", task)
      expect([out.force_encoding("UTF-8"), status.exitstatus]).to match([/IMAP server credentials are correct\? ... yes/, 0]), err
    end
    File.write("other.yml", YAML.dump(mailboxes: [mailbox(dovecot.new_user, password: "hidden")]))
    out, err, status = rake("require 'mail_room/tasks'", "mail_room:check", "CONFIG=other.yml", "QUIET=1")
    expect([out.force_encoding("UTF-8"),
            status.exitstatus]).to match([/\AChecking mailbox .*\n\S IMAP server credentials are correct\? ... no/, 1])
    expect(out + err).not_to include("hidden")
    out, = rake("require 'mail_room/tasks'", "mail_room:check", "JSON=1")
    expect(JSON.parse(out)["ok"]).to be(true)
  end

  host = "namespace(:gitlab) { namespace(:incoming_email) { task(:check) { puts 'the host checks' } } }\n"
  { "before" => "#{host}require 'mail_room/tasks'", "after" => "require 'mail_room/tasks'\n#{host}" }.each do |when_, rakefile|
    it "leave gitlab:incoming_email:check to a host that defines it #{when_} them" do
      out, _err, status = rake(rakefile, "gitlab:incoming_email:check")
      expect([out, status.exitstatus]).to eq(["the host checks\n", 0])
    end
  end
end
