# frozen_string_literal: true

# What the walk-throughs say is loaded as a user would.
RSpec.describe "the walk-throughs" do
  around { |example| Dir.mktmpdir { |folder| Dir.chdir(folder) { example.run } } }

  def examples(page)
    text = File.read(File.expand_path("../docs/#{page}", __dir__))
    text.scan(/^ *```yaml\n(.*?)^ *```/m).map { |(yaml)| yaml.gsub(%r{/etc/mail_room/}, "./") }
  end

  def mailboxes(yaml)
    %w[app_password client_secret refresh_token].each { |name| File.write(name, "s\"ecret\n") }
    File.write("config.yml", yaml)
    MailRoom::Configuration.new(config_path: "config.yml").mailboxes
  end

  it "show how Office 365 is configured" do
    (mailbox,) = mailboxes(examples("office365.md").first)
    expect(mailbox.to_native["auth"]["token"]["grant"])
      .to include("client_secret" => "s\"ecret", "token_url" => %r{\Ahttps://login\.microsoftonline\.com/TENANT_ID/})
  end

  it "show how Gmail is configured" do
    password, token, command = examples("gmail.md")
    expect(mailboxes(password).first).to have_attributes(password: "s\"ecret", auth: nil)
    expect(mailboxes(token).first.to_native["auth"]["token"]["grant"]).to include("refresh_token" => "s\"ecret")
    expect(MailRoom::AuthOptions.to_native(YAML.safe_load(command, permitted_classes: [Symbol])[:auth], where: "auth")["token"])
      .to eq("command" => ["/usr/local/bin/mail-token", "incoming@example.com"])
  end
end
