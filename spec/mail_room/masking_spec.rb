# frozen_string_literal: true

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
