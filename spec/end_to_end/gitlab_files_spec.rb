# frozen_string_literal: true

require "fileutils"
require "tmpdir"

# The executable, run straight from GitLab's own files.
RSpec.describe "GitLab's own files", :servers do
  around { |example| Dir.mktmpdir { |dir| Dir.chdir(dir) { example.run } } }

  let(:key) { "group-app-12-#{"t" * 20}-issue" }
  let(:users) { { "incoming_email" => dovecot.new_user, "service_desk_email" => dovecot.new_user } }

  def running(*arguments)
    process = ServerProcess.new([RbConfig.ruby, MailRoomProcess::EXECUTABLE, *arguments], out: "out", err: "err", chdir: Dir.pwd)
    process.start
    yield
    expect(File.read("/proc/#{process.pid}/cmdline")).to start_with("mail_room #{arguments.first(2).join(" ")}")
    process.signal("TERM")
    expect(process.wait(30).exitstatus).to eq(0), File.read("err")
  ensure
    process&.kill9
  end

  def mails
    users.each { |type, user| dovecot.append(user, "To: #{type}+#{key}@in.example.com\r\n\r\n#{type}") }
  end

  it "gitlab.yml: both mailboxes go into their workers' queue, claimed in GitLab's namespace" do
    FileUtils.mkdir_p(%w[config log])
    sections = users.to_h do |type, user|
      [type, { "enabled" => true, "address" => "#{type}+%{key}@in.example.com", "user" => user, "password" => dovecot.password,
               "host" => dovecot.host, "port" => dovecot.port }]
    end
    File.write("config/gitlab.yml", YAML.dump("production" => { "gitlab" => { "host" => "gitlab.example.com" }, **sections }))
    File.write("config/resque.yml", YAML.dump("production" => redis.url))
    mails
    running("--gitlab-config", "config/gitlab.yml", "--environment", "production") do
      jobs = wait_until(20, -> { "two jobs; said #{File.read("err")}" }) { redis.jobs("default").then { |found| found if found.size == 2 } }
      expect(jobs.map { |job| [job["class"], job["args"].first[/\w+\z/]] })
        .to contain_exactly(%w[EmailReceiverWorker incoming_email], %w[ServiceDeskEmailReceiverWorker service_desk_email])
      expect(redis.call("KEYS", "mail_room:gitlab:delivered:*")).not_to be_empty
      wait_until(10, "the mails to be marked") { users.values.all? { |user| dovecot.uids(user, "DELETED").size == 1 } }
    end
    log = File.foreach("log/mail_room_json.log").map { |line| JSON.parse(line) }
    expect(log).to include(include("action" => "Message matched", "key" => key))
  end

  it "gitlab.rb: both mailboxes are posted to GitLab's API" do
    server = HttpServer.new.start
    File.write("secret", ["s" * 32].pack("m0"))
    settings = users.map do |type, user|
      { enabled: true, address: "#{type}+%{key}@in.example.com", email: user, password: dovecot.password, host: dovecot.host,
        port: dovecot.port, log_file: "#{Dir.pwd}/log", secret_file: "#{Dir.pwd}/secret" }
        .map { |name, value| "gitlab_rails['#{type}_#{name}'] = #{value.inspect}\n" }.join
    end
    File.write("gitlab.rb", "external_url '#{server.url}'\ngitlab_rails['redis_host'] = '127.0.0.1'\n" \
                            "gitlab_rails['redis_port'] = #{redis.port}\n#{settings.join}")
    mails
    running("--gitlab-rb", "gitlab.rb") do
      posts = wait_until(20, -> { "two posts; said #{File.read("err")}" }) { server.accepted.then { |found| found if found.size == 2 } }
      expect(posts.map { |post| [post.path, post.body[/\w+\z/]] })
        .to match_array(users.keys.map { |type| ["/api/v4/internal/mail_room/#{type}", type] })
      expect(posts.map(&:headers)).to all(include("gitlab-mailroom-api-request", "content-type" => "text/plain"))
    end
  ensure
    server&.stop
  end
end
