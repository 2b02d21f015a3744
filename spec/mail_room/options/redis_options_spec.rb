# frozen_string_literal: true

require "mail_room/options/redis_options"

RSpec.describe MailRoom::RedisOptions do
  def native(db: nil, **options)
    described_class.to_native({ redis_url: "redis://localhost" }.merge(options), db: db, where: "delivery_options")
  end

  it "passes an address on, and has no Sentinels by default" do
    expect(native(redis_url: "rediss://:secret@redis:6380/2", db: 1))
      .to eq({ "url" => "rediss://:secret@redis:6380/2", "db" => 1, "sentinels" => [], "sentinel_username" => nil,
               "sentinel_password" => nil, "tls" => nil })
  end

  it "takes sockets in both spellings" do
    urls = %w[unix:/run/redis.sock unix:///run/redis.sock unix:/run/redis.sock?db=2]
    expect(urls.map { |url| native(redis_url: url)["url"] }).to eq(urls)
  end

  ["localhost", "http://localhost", "", "redis://", "redis://a b", "redis://a\n"].each do |url|
    it "refuses #{url.inspect} as an address without showing it" do
      expect { native(redis_url: url) }
        .to raise_error(MailRoom::ConfigurationError, "Field :redis_url in delivery_options must begin with redis://, rediss:// or " \
                                                      "unix:/ and contain no blanks")
    end
  end

  it "knows the database of an address" do
    databases = { "redis://h" => nil, "redis://h/" => nil, "redis://h/3" => 3, "redis://:p@h:1/6?x=7" => 6,
                  "rediss://u:p@h/8" => 8, "unix:/run/1/redis.sock" => nil, "unix:///run/redis.sock?db=9" => 9 }
    expect(databases.keys.to_h { |url| [url, described_class.database(url)] }).to eq(databases)
  end

  it "reads Sentinels" do
    sentinels = [{ host: "a" }, { "host" => "b", "port" => "26380", "ssl" => "true", "ssl_params" => { "ca_file" => "/ca.pem" } },
                 { host: "c", ssl: false, ssl_params: { ca_file: "/ca.pem" } }]
    expect(native(sentinels: sentinels, sentinel_password: 4711)).to include(
      "sentinels" => [{ "host" => "a", "port" => 26_379, "tls" => nil },
                      { "host" => "b", "port" => 26_380, "tls" => include("verify" => true, "ca_file" => "/ca.pem") },
                      { "host" => "c", "port" => 26_379, "tls" => nil }],
      "sentinel_password" => "4711"
    )
  end

  it "takes the Sentinels' login from them when all have the same" do
    same = [{ host: "a", username: "u", password: "p" }, { host: "b", username: "u", password: "p" }]
    expect(native(sentinels: same)).to include("sentinel_username" => "u", "sentinel_password" => "p")
    expect { native(sentinels: [*same, { host: "c", password: "hidden" }]) }
      .to raise_error(MailRoom::ConfigurationError, "Field :sentinel_password in delivery_options must be the same for all Sentinels")
  end

  it "names the Sentinel that is wrong" do
    expect { native(sentinels: "a:1") }.to raise_error(MailRoom::ConfigurationError, /:sentinels in delivery_options must be a list/)
    expect { native(sentinels: [{ host: "a" }, { port: 1 }]) }.to raise_error(MailRoom::ConfigurationError, /:host .*entry 2 is required/)
    expect { native(sentinels: [{ host: "a", port: 0 }]) }.to raise_error(MailRoom::ConfigurationError, /:port .*entry 1 must be between/)
    expect { native(sentinels: ["a:1"]) }.to raise_error(MailRoom::ConfigurationError, /entry 1 must be a mapping/)
  end

  it "reads TLS options" do
    expect(native(redis_ssl_params: { "verify_mode" => "none" })["tls"]).to include("verify" => false)
    expect { native(redis_ssl_params: { ciphers: "x" }) }
      .to raise_error(MailRoom::ConfigurationError, /:ciphers in redis_ssl_params in delivery_options/)
  end
end
