# frozen_string_literal: true

RSpec.describe MailRoom::CommandLine do
  {
    %w[] => {},
    %w[-c a.yml] => { config_path: "a.yml" },
    %w[--config a.yml -q] => { config_path: "a.yml", quiet: true },
    %w[--quiet --config=a.yml] => { config_path: "a.yml", quiet: true },
    %w[--log-exit-as] => { exit_error_format: "json" },
    %w[--log-exit-as -c a.yml] => { exit_error_format: "json", config_path: "a.yml" },
    %w[-c a.yml --log-exit-as] => { exit_error_format: "json", config_path: "a.yml" },
    %w[--log-exit-as json] => { exit_error_format: "json" },
    %w[--log-exit-as=plain] => { exit_error_format: "plain" },
    %w[--log-exit-as plain -q] => { exit_error_format: "plain", quiet: true }
  }.each do |argv, options|
    it "understands #{argv}" do
      expect(described_class.parse(argv.dup.freeze)).to eq(options)
    end
  end

  [%w[--log-exit-as xml], %w[--nope], %w[-c], %w[config.yml], %w[-c a.yml b.yml], %w[-q=1]].each do |argv|
    it "refuses #{argv}" do
      expect { described_class.parse(argv) }.to raise_error(OptionParser::ParseError)
    end
  end

  it "prints the version and the help" do
    expect { expect { described_class.parse(%w[--version]) }.to raise_error(SystemExit) }
      .to output(/\Amail_room \d+\.\d+\.\d+ \(\S+, commit (\h{12}|unknown)\)\n\z/).to_stdout
    expect { expect { described_class.parse(%w[-?]) }.to raise_error(SystemExit) }
      .to output(/\AUsage: mail_room -c FILE.*--config.*--quiet.*--log-exit-as.*--version.*--help/m).to_stdout
  end

  describe "--gitlab-config without a file" do
    around do |example|
      before = ENV.to_h
      example.run
    ensure
      ENV.replace(before)
    end

    it "takes the files that the environment names, as GitLab's own template does" do
      ENV.update("MAIL_ROOM_GITLAB_CONFIG_FILE" => "/etc/gitlab.yml", "MAIL_ROOM_GITLAB_SECRETS_FILE" => "/etc/secrets.yml")
      expect(described_class.parse(%w[--gitlab-config -q]))
        .to eq(gitlab_config: "/etc/gitlab.yml", gitlab_secrets: "/etc/secrets.yml", quiet: true)
      ENV.delete("MAIL_ROOM_GITLAB_SECRETS_FILE")
      expect(described_class.parse(%w[--gitlab-config])).to eq(gitlab_config: "/etc/gitlab.yml")
      expect(described_class.parse(%w[--gitlab-config other.yml])).to eq(gitlab_config: "other.yml")
    end

    it "is refused if the environment names none" do
      ["", nil].each do |value|
        ENV["MAIL_ROOM_GITLAB_CONFIG_FILE"] = value
        expect { described_class.parse(%w[--gitlab-config]) }
          .to raise_error(OptionParser::MissingArgument, /MAIL_ROOM_GITLAB_CONFIG_FILE/)
      end
    end
  end
end
