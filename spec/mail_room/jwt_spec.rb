# frozen_string_literal: true

require "openssl"
require "tempfile"

RSpec.describe MailRoom::JWT do
  let(:file) { Tempfile.new("secret").tap { |file| write(file, "a secret") } }
  let(:jwt) { described_class.new(header: "Api-Request", secret_path: file.path, issuer: nil, algorithm: nil) }

  after { file.close! }

  def write(file, secret)
    File.write(file.path, "#{[secret].pack("m0")}\n")
  end

  def decode(part) = JSON.parse(part.tr("-_", "+/").unpack1("m"))

  def signature(unsigned, secret)
    [OpenSSL::HMAC.digest("SHA256", secret, unsigned)].pack("m0").tr("+/", "-_").delete("=")
  end

  it "issues a token signed with the secret" do
    header, payload, signature = jwt.token.split(".")
    expect(decode(header)).to eq({ "alg" => "HS256" })
    expect(decode(payload)).to match("nonce" => /\A\h{24}\z/, "iat" => be_within(5).of(Time.now.to_i), "iss" => "mailroom")
    expect(signature).to eq(signature("#{header}.#{payload}", "a secret"))
  end

  it "issues a new one each time, with the secret as it is by then" do
    first = jwt.token
    expect(jwt.token).not_to eq(first)
    write(file, "rotated")
    unsigned, _dot, signature = jwt.token.rpartition(".")
    expect(signature).to eq(signature(unsigned, "rotated"))
  end

  it "has none without a header or a secret" do
    expect(jwt).to be_valid
    [{ header: nil }, { secret_path: nil }].each do |missing|
      incomplete = described_class.new(**{ header: "H", secret_path: file.path, issuer: "me", algorithm: "HS256" }.merge(missing))
      expect([incomplete.valid?, incomplete.token]).to eq([false, nil])
    end
  end

  it "says what is wrong, and not the secret" do
    File.write(file.path, "not base64!")
    expect { jwt.token }.to raise_error(MailRoom::ConfigurationError, "jwt_secret_path must name a file with the secret in Base64")
    absent = described_class.new(header: "H", secret_path: "/nonexistent/secret", issuer: nil, algorithm: nil)
    expect { absent.token }.to raise_error(MailRoom::ConfigurationError, %r{\Ajwt_secret_path /nonexistent/secret cannot be read: No such})
    other = described_class.new(header: "H", secret_path: file.path, issuer: nil, algorithm: "none")
    expect { other.token }.to raise_error(MailRoom::ConfigurationError, /HS256/)
  end
end
