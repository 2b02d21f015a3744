# frozen_string_literal: true

require "open3"
require "tmpdir"

# The way of README.md, "The first mail in five minutes", as it is written there; only the mail server is ours.
RSpec.describe "the first mail" do
  around { |example| Dir.mktmpdir { |dir| Dir.chdir(dir) { example.run } } }

  let(:way) { File.read(File.expand_path("../../README.md", __dir__))[/^## The first mail in five minutes$.*?(?=^## )/m] }
  let(:user) { dovecot.new_user }

  it "is there after three steps" do
    config = way[/```yaml\n(.*?)```/m, 1].gsub(/^   /, "")
    ours = { "imap.example.com" => dovecot.host, ":port: 993" => ":port: #{dovecot.port}", ":ssl: true" => ":ssl: false",
             "incoming@example.com" => user, %("secret") => dovecot.password.inspect }
    ours.each { |theirs, our| expect(config.sub!(theirs, our)).not_to be_nil, theirs }
    File.write("config.yml", config)
    commands = way.scan(/^   (mail_room .*)$/).flatten
    expect(commands).to eq(["mail_room check -c config.yml", "mail_room -c config.yml"])

    ruby = [RbConfig.ruby, MailRoomProcess::EXECUTABLE]
    said, status = Open3.capture2e({ "LC_ALL" => "C.UTF-8" }, *ruby, *commands.first.split.drop(1))
    expect([said.force_encoding("UTF-8"), status.exitstatus]).to match([/everything is well/, 0])

    process = ServerProcess.new([*ruby, *commands.last.split.drop(1)], out: "out", err: "err", chdir: Dir.pwd)
    process.start
    dovecot.append(user, "Subject: the first mail\r\n\r\nHello")
    wait_until(20, -> { "the mail; said #{File.read("err")}" }) { File.read("out").include?("Subject: the first mail") }
    wait_until(10, "its log line") { File.read("mail_room.log").include?(%("action":"message pushed")) }
    process.signal("TERM")
    expect(process.wait(30).exitstatus).to eq(0)
  ensure
    process&.kill9
  end
end
