# frozen_string_literal: true

require "mail_room/options/masking"

RSpec.describe MailRoom::Masking do
  it "hides what is called like a secret, at any depth, and nothing else" do
    options = { a: 1, password: 12_345, list: [{ client_secret: "x" }], refresh_token: %w[x y],
                auth: { token_command: "x -p y", token_file: "/f" }, headers: { b: "x" }, jwt_secret_path: "/s",
                key: "/k", token_endpoint: "https://login/", password_set: true, none: nil }
    expect(described_class.mask(options)).to eq(
      a: 1, password: "masked", list: [{ client_secret: "masked" }], refresh_token: %w[masked masked],
      auth: { token_command: "masked", token_file: "/f" }, headers: { b: "masked" }, jwt_secret_path: "/s", key: "/k",
      token_endpoint: "https://login/", password_set: true, none: nil
    )
  end

  it "goes by the table of the options where there is one" do
    options = { password: "x", delivery_method: "postback",
                delivery_options: { token: "x", jwt_secret_path: "/s", headers: { "A" => "x" }, username: "u", secretive: "x", on: true } }
    expect(described_class.mask(options, MailRoom::OptionTables::MAILBOX)).to eq(
      password: "masked", delivery_method: "postback",
      delivery_options: { token: "masked", jwt_secret_path: "/s", headers: { "A" => "masked" }, username: "u", secretive: "masked",
                          on: true }
    )
  end

  it "masks what a table calls secret whatever its name, and nothing else" do
    table = MailRoom::OptionTable.new(:x, title: "X", scope: "x", about: "X.") do
      option :pin, :string, "Secret.", secret: true
      option :token_kind, :string, "Not secret."
    end
    expect(described_class.mask({ pin: "1234", token_kind: "jwt" }, table)).to eq(pin: "masked", token_kind: "jwt")
  end

  {
    "redis://:x@h:1/2" => "redis://:masked@h:1/2", "redis://u:x@y@h/" => "redis://:masked@h/", "https://x@h/p" => "https://masked@h/p",
    "https://h/p?a=x#y" => "https://h/p?masked", "unix:/s?db=1" => "unix:/s?db=1", "unix:/s?db=1&password=x" => "unix:/s?masked",
    "not an address: a@b?" => "not an address: a@b?"
  }.each do |address, shown|
    it "shows #{address} as #{shown}" do
      expect(described_class.mask({ url: address })).to eq(url: shown)
    end
  end
end
