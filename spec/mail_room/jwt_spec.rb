# frozen_string_literal: true

require "base64"
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
    expect { jwt.token }.to raise_error(MailRoom::ConfigurationError, /jwt_secret_path .* must name a file with the secret in Base64\z/)
    absent = described_class.new(header: "H", secret_path: "/nonexistent/secret", issuer: nil, algorithm: nil)
    expect { absent.token }.to raise_error(MailRoom::ConfigurationError, %r{jwt_secret_path /nonexistent/secret cannot be read: No such})
    other = described_class.new(header: "H", secret_path: file.path, issuer: nil, algorithm: "none")
    expect { other.token }.to raise_error(MailRoom::ConfigurationError, /HS256/)
  end

  it "signs with longer hashes, and names its key" do
    { "HS384" => "SHA384", "HS512" => "SHA512" }.each do |algorithm, digest|
      token = described_class.new(header: "H", secret_path: file.path, issuer: "me", algorithm: algorithm, key_id: "k1").token
      unsigned, _dot, signed = token.rpartition(".")
      expect(decode(unsigned.split(".").first)).to eq({ "alg" => algorithm, "kid" => "k1" })
      expect(signed).to eq([OpenSSL::HMAC.digest(digest, "a secret", unsigned)].pack("m0").tr("+/", "-_").delete("="))
    end
  end

  def signed(algorithm, pem)
    File.write(file.path, pem)
    token = described_class.new(header: "H", secret_path: file.path, issuer: "me", algorithm: algorithm).token
    unsigned, _dot, signed = token.rpartition(".")
    [unsigned, signed.tr("-_", "+/").unpack1("m")]
  end

  it "signs with a private key of RSA, as OpenSSL writes it in either form" do
    key = OpenSSL::PKey::RSA.new(2048)
    [key.to_pem, key.private_to_pem].each do |pem|
      unsigned, signature = signed("RS256", pem)
      expect(key.verify("SHA256", signature, unsigned)).to be(true)
    end
    expect { signed("ES256", key.to_pem) }.to raise_error(MailRoom::ConfigurationError, /private key of the curve P-256/)
  end

  it "signs with a private key of the curve P-256, as OpenSSL writes it in either form" do
    key = OpenSSL::PKey::EC.generate("prime256v1")
    [key.to_pem, key.private_to_pem].each do |pem|
      unsigned, signature = signed("ES256", pem)
      halves = [signature[0, 32], signature[32, 32]].map { |half| OpenSSL::ASN1::Integer(OpenSSL::BN.new(half, 2)) }
      expect(key.verify("SHA256", OpenSSL::ASN1::Sequence(halves).to_der, unsigned)).to be(true)
    end
    expect { signed("RS256", key.to_pem) }.to raise_error(MailRoom::ConfigurationError, /private key of RSA/)
  end

  # RFC 7638 section 3: the members that the key needs, in their order and without blanks.
  def thumbprint(members)
    Base64.urlsafe_encode64(OpenSSL::Digest::SHA256.digest(JSON.generate(members)), padding: false)
  end

  def url64(octets) = Base64.urlsafe_encode64(octets, padding: false)

  def token_with_thumbprint(algorithm, pem)
    File.write(file.path, pem)
    token = described_class.new(header: "H", secret_path: file.path, issuer: "me", algorithm: algorithm, key_id: "thumbprint",
                                expires_in: 60).token
    token.split(".").first(2).map { |part| decode(part) }
  end

  it "names a key by its thumbprint, and says when the token expires" do
    curve = OpenSSL::PKey::EC.generate("prime256v1")
    point = curve.public_key.to_octet_string(:uncompressed)
    rsa = OpenSSL::PKey::RSA.new(2048)
    {
      ["ES256", curve] => thumbprint(crv: "P-256", kty: "EC", x: url64(point[1, 32]), y: url64(point[33, 32])),
      ["RS256", rsa] => thumbprint(e: url64(rsa.e.to_s(2)), kty: "RSA", n: url64(rsa.n.to_s(2)))
    }.each do |(algorithm, key), kid|
      [key.to_pem, key.private_to_pem].each do |pem|
        header, payload = token_with_thumbprint(algorithm, pem)
        expect(header).to eq("alg" => algorithm, "kid" => kid)
        expect(payload["exp"] - payload["iat"]).to eq(60)
      end
    end
  end

  it "has no thumbprint of a secret" do
    jwt = described_class.new(header: "H", secret_path: file.path, issuer: nil, algorithm: nil, key_id: "thumbprint")
    expect { jwt.token }.to raise_error(MailRoom::ConfigurationError, /thumbprint needs RS256 or ES256/)
  end
end
