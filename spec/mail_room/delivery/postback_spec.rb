# frozen_string_literal: true

RSpec.describe MailRoom::Delivery::Postback do
  def options(**attributes)
    described_class::Options.new(MailRoom::Mailbox.new({ email: "in@example.com", password: "x", name: "inbox",
                                                         delivery_method: "noop" }.merge(attributes)))
  end

  it "has the members of the original" do
    expect(described_class::Options.members.first(7)).to eq(%i[url token username password logger content_type jwt])
  end

  it "reads url and token from the mailbox, or from delivery_options" do
    expect(options(delivery_url: "http://a", delivery_token: "t")).to have_attributes(url: "http://a", token: "t")
    expect(options(delivery_options: { delivery_url: "http://b", delivery_token: "t" })).to have_attributes(url: "http://b", token: "t")
    expect(options(delivery_options: { url: "http://c", token: "t" })).to have_attributes(url: "http://c", token: "t")
  end

  it "knows how to authenticate" do
    expect(options).to have_attributes(token_auth?: false, basic_auth?: false, jwt_auth?: false)
    expect(options(delivery_token: "t")).to have_attributes(token_auth?: true)
    expect(options(delivery_options: { username: "u", password: "p" })).to have_attributes(basic_auth?: true)
    expect(options(delivery_options: { delivery_username: "u", delivery_password: "p" })).to have_attributes(basic_auth?: true)
    expect(options(delivery_options: { username: "u" })).to have_attributes(basic_auth?: false)
    jwt = { jwt_auth_header: "H", jwt_secret_path: "/s", jwt_issuer: "me", jwt_algorithm: "HS256" }
    expect(options(delivery_options: jwt)).to have_attributes(jwt_auth?: true, jwt: have_attributes(header: "H", issuer: "me"))
  end

  it "prefers the content type of delivery_options" do
    expect(options(content_type: "a/b", delivery_options: { content_type: "text/plain" }).content_type).to eq("text/plain")
    expect(options(content_type: "a/b").content_type).to eq("a/b")
  end

  it "shows no secret" do
    shown = options(delivery_url: "http://u:hidden@h", delivery_token: "hidden", delivery_options: { password: "hidden" }).inspect
    expect(shown).not_to include("hidden")
  end

  it "says which option has no meaning, and not what was in it" do
    {
      { timeout: "hidden" } => /:timeout in delivery_options/, { concurrency: 0 } => /:concurrency/,
      { headers: "hidden" } => /:headers/, { ssl: { verify_mode: "hidden" } } => /:verify_mode/,
      { url: "hidden" } => /:delivery_url .* must begin with http/,
      { jwt_auth_header: "H", jwt_secret_path: "/s", jwt_algorithm: "none" } => /jwt_algorithm must be one of HS256/
    }.each do |delivery_options, message|
      expect { options(delivery_method: "postback", delivery_options: delivery_options) }
        .to raise_error(MailRoom::ConfigurationError) { |error|
          expect(error.message).to match(message)
          expect(error.message).not_to include("hidden")
        }
    end
  end
end
