# frozen_string_literal: true

RSpec.describe MailRoom::Delivery::ActionMailbox do
  ingress = "/rails/action_mailbox/relay/inbound_emails"

  def native(password: "hidden", **options)
    MailRoom::Mailbox.new(email: "in@example.com", password: "x", name: "inbox", delivery_method: "action_mailbox",
                          delivery_options: { password: password, **options }).to_native["delivery"]
  end

  {
    "https://shop.example.com" => "https://shop.example.com#{ingress}",
    "https://shop.example.com/" => "https://shop.example.com#{ingress}",
    "https://shop.example.com//" => "https://shop.example.com#{ingress}",
    "HTTP://127.0.0.1:3000" => "HTTP://127.0.0.1:3000#{ingress}",
    "https://example.com/shop/" => "https://example.com/shop#{ingress}",
    "https://example.com#{ingress}" => "https://example.com#{ingress}",
    "https://example.com/shop#{ingress}/" => "https://example.com/shop#{ingress}/"
  }.each do |url, posted|
    it "posts to the ingress of #{url}" do
      expect(native(url: url)).to include("url" => posted, "username" => "actionmailbox", "password" => "hidden",
                                          "content_type" => "message/rfc822", "endpoint" => "action_mailbox")
    end
  end

  it "takes the password from Rails' own variable" do
    before = ENV.fetch("RAILS_INBOUND_EMAIL_PASSWORD", nil)
    ENV["RAILS_INBOUND_EMAIL_PASSWORD"] = "hidden-env"
    expect(native(url: "https://h/", password: nil)).to include("password" => "hidden-env")
    expect(native(url: "https://h/")).to include("password" => "hidden")
  ensure
    ENV["RAILS_INBOUND_EMAIL_PASSWORD"] = before
  end

  it "needs a Rails app without url" do
    mailbox = MailRoom::Mailbox.new(email: "in@example.com", password: "x", name: "inbox", delivery_method: "action_mailbox")
    expect(mailbox.delivery_klass).to be(described_class::InApp)
    expect { mailbox.delivery }.to raise_error(MailRoom::ConfigurationError, /without url, .* action_mailbox works in a Rails app only/)
  end
end
