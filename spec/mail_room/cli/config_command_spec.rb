# frozen_string_literal: true

require "open3"
require "tmpdir"

RSpec.describe MailRoom::ConfigCommand do
  around { |example| Dir.mktmpdir { |dir| Dir.chdir(dir) { example.run } } }

  def run(*arguments)
    executable = File.expand_path("../../../exe/mail_room", __dir__)
    Open3.capture3(RbConfig.ruby, executable, *arguments, stdin_data: "")
  end

  def printed(*arguments)
    out, err, status = run("config", *arguments)
    expect(status.exitstatus).to eq(0), err
    expect(out + err).not_to include("hidden")
    File.write("printed.yml", out)
    [YAML.safe_load(out, permitted_classes: [Symbol])[:mailboxes], MailRoom::Configuration.new(config_path: "printed.yml").mailboxes]
  end

  # One of every kind of secret there is.
  let(:mailbox) do
    { email: "in@example.com", password: "hidden", name: "inbox", host: "h", delivery_token: "hidden",
      ssl: { ca_file: "/ca", cert: "/c", key: "/k" },
      delivery_method: "postback",
      delivery_options: { delivery_url: "https://me:hidden@g/x?t=hidden", password: "hidden", token: "hidden",
                          headers: { "X-Api" => "hidden" }, jwt_secret_path: "/s", jwt_auth_header: "H" },
      arbitration_method: "redis",
      arbitration_options: { redis_url: "redis://u:hidden@r:1/2", sentinel_password: "hidden",
                             sentinels: [{ host: "s", password: "hidden" }] },
      logger: { log_path: :stdout } }
  end

  it "prints what a file means with every default, and no secret, in a form that loads again" do
    File.write("config.yml", YAML.dump(mailboxes: [mailbox]))
    yaml, loaded = printed("-c", "config.yml")
    expect(yaml.first).to include(
      email: "in@example.com", password: "masked", port: 993, idle_timeout: 1740, logger: { log_path: :stdout },
      ssl: { ca_file: "/ca", cert: "/c", key: "/k" },
      delivery_options: { delivery_url: "https://:masked@g/x?masked", password: "masked", token: "masked",
                          headers: { "X-Api": "masked" }, jwt_secret_path: "/s", jwt_auth_header: "H" },
      arbitration_options: { redis_url: "redis://:masked@r:1/2", sentinel_password: "masked",
                             sentinels: [{ host: "s", password: "masked" }] }
    )
    expect(loaded.map(&:host)).to eq(["h"])
  end

  it "prints what GitLab's files mean" do
    File.write("gitlab.rb", "%w[incoming_email service_desk_email].each { |t| { enabled: true, address: 'a+%{key}@in.b.c', email: t, " \
                            "password: 'hidden', host: 'h' }.each { |k, v| gitlab_rails[\"\#{t}_\#{k}\"] = v } }\n" \
                            "external_url 'https://g.b.c'\ngitlab_rails['redis_host'] = 'r'; gitlab_rails['redis_password'] = 'hidden'")
    _, loaded = printed("--gitlab-rb", "gitlab.rb")
    expect(loaded.map(&:email)).to eq(%w[incoming_email service_desk_email])
    File.write("gitlab.yml", YAML.dump("staging" => { "incoming_email" => { "enabled" => true, "address" => "a+%{key}@b.c", "user" => "u",
                                                                            "password" => "hidden", "host" => "h" } }))
    _, loaded = printed("--gitlab-config", "gitlab.yml", "--environment", "staging")
    expect(loaded.map(&:email)).to eq(%w[u])
  end

  it "goes on without external_url in gitlab.rb, with a warning that names it" do
    File.write("gitlab.rb", "{ enabled: true, address: 'a+%{key}@in.b.c', email: 'u', password: 'hidden', host: 'h' }" \
                            ".each { |key, value| gitlab_rails[\"incoming_email_\#{key}\"] = value }\n" \
                            "gitlab_rails['redis_host'] = 'r'\n")
    out, err, status = run("config", "--gitlab-rb", "gitlab.rb")
    expect(err.lines).to match([/\Amail_room: warning: external_url in gitlab\.rb is not set: .*; set external_url in gitlab\.rb to/])
    expect(status.exitstatus).to eq(0)
    expect(out).to include("incoming_email_secret", "mail_room:gitlab")
    expect(out).not_to include("delivery_url", "hidden")
  end

  it "wants exactly one file" do
    _out, err, status = run("config")
    expect([err, status.exitstatus]).to eq(["mail_room: no configuration file was given: use -c FILE (see mail_room config --help)\n", 1])
    _out, err, status = run("config", "-c", "a", "--gitlab-rb", "b")
    expect([err, status.exitstatus]).to eq(["mail_room: config_path and gitlab_rb cannot be used together\n", 1])
    _out, err, status = run("config", "a.yml")
    expect([err, status.exitstatus]).to match([/needless argument: a.yml/, 2])
    expect(run("config", "--help").first).to include("--gitlab-config", "--gitlab-rb", "--environment")
  end
end
