# frozen_string_literal: true

RSpec.describe MailRoom::Delivery::Que do
  def options(**delivery_options)
    described_class::Options.new(MailRoom::Mailbox.new(email: "in@example.com", password: "x", name: "inbox", delivery_method: "noop",
                                                       delivery_options: delivery_options))
  end

  def database(**delivery_options)
    described_class.native(options(job_class: "Job", **delivery_options), "here").fetch("database")
  end

  # What libpq reads from the environment, and nothing else of it.
  def with_environment(variables)
    before = ENV.to_h
    ENV.delete_if { |name, _| name.start_with?("PG") }
    ENV.update(variables)
    yield
  ensure
    ENV.replace(before)
  end

  around { |example| with_environment({}) { example.run } }

  it "has the members and the defaults of the original, and ours behind them" do
    expect(described_class::Options.members).to eq(%i[host port database username password queue priority job_class logger sslmode
                                                      sslrootcert sslcert sslkey connect_timeout timeout])
    expect(options).to have_attributes(host: "localhost", port: 5432, database: nil, queue: "", priority: 100, job_class: nil)
    expect(options(host: "db", queue: "mails", job_class: "Job", port: "5433"))
      .to have_attributes(host: "db", queue: "mails", job_class: "Job", port: 5433)
  end

  it "shows no secret" do
    expect(options(username: "u", password: "hidden").inspect).not_to include("hidden")
  end

  it "encrypts and verifies as libpq does" do
    verified = lambda do |**given|
      database(**given).values_at("sslmode", "tls").then { |mode, tls| [mode, *tls.values_at("verify", "verify_hostname", "ca_file")] }
    end
    expect(verified.call).to eq(["prefer", false, false, nil])
    expect(verified.call(sslmode: "require")).to eq(["require", false, false, nil])
    expect(verified.call(sslmode: "require", sslrootcert: "/ca")).to eq(["require", true, false, "/ca"])
    expect(verified.call(sslmode: "verify-ca")).to eq(["verify-ca", true, false, nil])
    expect(verified.call(sslmode: "verify-full", sslrootcert: "/ca")).to eq(["verify-full", true, true, "/ca"])
    expect(verified.call(sslrootcert: "system")).to eq(["verify-full", true, true, nil])
  end

  it "takes from the environment what libpq takes from there" do
    login = %w[username database password sslmode]
    expect(database(username: "u").values_at(*login)).to eq(["u", "u", nil, "prefer"])
    expect(database["username"]).to eq(Etc.getpwuid.name)
    with_environment("PGUSER" => "e", "PGDATABASE" => "d", "PGPASSWORD" => "p", "PGSSLMODE" => "require", "PGSSLROOTCERT" => "/ca") do
      expect(database.values_at(*login)).to eq(%w[e d p require])
      expect(database["tls"]).to include("ca_file" => "/ca")
      given = { username: "u", database: "o", password: "q", sslmode: "disable" }
      expect(database(**given).values_at(*login)).to eq(%w[u o q disable])
    end
  end

  {
    {} => "Field :job_class in delivery_options is required",
    { job_class: "J", sslmode: "always" } => "Field :sslmode in delivery_options must be one of disable, allow",
    { job_class: "J", sslmode: "require", sslrootcert: "system" } => "Field :sslmode in delivery_options must be verify-full",
    { job_class: "J", sslcert: "/c" } => "Field :sslkey in delivery_options is required"
  }.each do |given, message|
    it "refuses #{given} and names the field" do
      expect { described_class.new(options(**given)) }
        .to raise_error(MailRoom::ConfigurationError) { |error| expect(error.message).to start_with(message) }
    end
  end

  it "refuses numbers that PostgreSQL has no room for" do
    expect { options(priority: 40_000) }.to raise_error(MailRoom::ConfigurationError, /:priority in delivery_options .* between/)
    expect { options(port: 0) }.to raise_error(MailRoom::ConfigurationError, /:port/)
  end
end
