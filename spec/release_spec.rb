# frozen_string_literal: true

require "open3"
require "yaml"
require_relative "../rakelib/native_gem"

# The release recipes cannot be run here. What can be checked of them is.
RSpec.describe "the release recipe" do
  root = File.expand_path("..", __dir__)
  rb_sys = File.read(File.join(root, "Cargo.toml"))[/^rb-sys = .*"=([\d.]+)"/, 1]
  glibc, crossed = NativeGem::PLATFORMS.partition { |platform| platform.end_with?("-linux") }

  let(:root) { root }

  def yaml(path) = YAML.safe_load(File.read(File.join(root, path)), aliases: true)

  # Tasks of ours that a script calls.
  def tasks(text) = text.scan(/(?<![\w-])rake ([\w:]+\w)(?!:?\$)/).flatten.uniq

  def known = `cd #{root} && rake -P`.scan(/^rake (\S+)/).flatten

  # Every combination of the values of a matrix, as pairs of a platform and a Ruby version.
  def combinations(platforms, rubies = NativeGem::RUBIES) = platforms.product(rubies)

  # What the scripts name of the source tree.
  def paths(text) = text.gsub(%r{"?\$PWD/|(?<![\w.])\./}, " ").scan(%r{(?<![\w./-])((?:rakelib|bin|contrib)/[\w./]+)}).flatten.uniq

  # What rakelib/cross.gemfile asks for.
  def gemfile
    Dir.mktmpdir do |folder|
      FileUtils.cp(File.join(root, "rakelib/cross.gemfile"), path = File.join(folder, "Gemfile"))
      script = 'puts Bundler::Dsl.evaluate("Gemfile", "lock", {}).dependencies.map { |gem| [gem.name, gem.requirement].join(" ") }'
      out, = Open3.capture2({ "BUNDLE_GEMFILE" => path, "RUBYOPT" => nil }, RbConfig.ruby, "-rbundler", "-e", script, chdir: folder)
      out.lines.map(&:chomp)
    end
  end

  # What a script pushes, in its order, with `version` in the names.
  def pushed(script, version)
    Dir.mktmpdir do |folder|
      FileUtils.mkdir(File.join(folder, "pkg"))
      ["", *NativeGem::PLATFORMS.map { |platform| "-#{platform}" }].each do |platform|
        %w[. pkg].each { |place| FileUtils.touch(File.join(folder, place, "gitlab-mail_room-#{version}#{platform}.gem")) }
      end
      File.write(File.join(folder, "gem"), "#!/bin/sh\n[ \"$1\" = push ] && echo \"$2\" >>\"$PUSHED\"\n")
      File.chmod(0o755, File.join(folder, "gem"))
      environment = { "PATH" => "#{folder}:#{ENV.fetch("PATH")}", "PUSHED" => File.join(folder, "pushed"), "CI_COMMIT_TAG" => "v#{version}",
                      "GITHUB_REF_NAME" => "v#{version}" }
      said, status = Open3.capture2e(environment, "sh", "-ec", script, chdir: folder)
      raise said unless status.success?

      File.readlines(File.join(folder, "pushed"), chomp: true).map { |name| File.basename(name, ".gem").delete_prefix("gitlab-mail_room-") }
    end
  end

  # On musl a gem for glibc fits, too, and RubyGems takes what was pushed later. The source gem is for whoever has no other.
  it "pushes the gems for glibc before those for musl, and the source gem last" do
    github = yaml(".github/workflows/release.yml").dig("jobs", "publish", "steps").map { |step| step["run"].to_s }.grep(/gem push/)
    gitlab = yaml(".gitlab-ci.yml").dig("publish", "script").grep(/\Aname=|gem push/)
    [github, gitlab].each do |script|
      order = pushed(script.join("\n"), "9.8.7")
      expect(order).to match_array(["9.8.7", *NativeGem::PLATFORMS.map { |platform| "9.8.7-#{platform}" }])
      kinds = order.map { |name| name[/-(linux|linux-musl|darwin)\z/, 1] || "source" }
      expect(kinds.chunk_while { |one, other| one == other }.map(&:first)).to eq(%w[linux linux-musl darwin source])
    end
  end

  let(:image) do
    options = File.read(File.join(root, "contrib/container/Containerfile"))[/podman run (.*?) \\$/, 1].delete_suffix(" --stop-timeout 30")
    ["docker build --file contrib/container/Containerfile --tag mail_room .", "docker run --rm #{options} mail_room --version"]
  end

  def there?(name) = !Dir.glob("#{name}{,.rb}", base: root).empty?

  it "has one version of rb-sys, for the images and what compiles in them, and one of Rust" do
    github = yaml(".github/workflows/release.yml")
    gitlab = yaml(".gitlab-ci.yml")
    steps = github["jobs"].values.flat_map { |job| job["steps"] }
    tags = steps.select { |step| step["uses"].to_s.include?("cross-gem") }.map { |step| step.dig("with", "tag") }
    expect([tags, gitlab.dig("variables", "RB_SYS")]).to eq([[rb_sys], rb_sys])
    expect(gitlab.dig("cross", "image")).to eq("rbsys/${GEM_PLATFORM}:${RB_SYS}")
    # The action looks into the lock.
    expect(steps.filter_map { |step| step["run"] }).to include("cp rakelib/cross.gemfile Gemfile && bundle lock")
    expect(gemfile).to contain_exactly("rb_sys = #{rb_sys}", match(/\Arake-compiler = \d/))
    rusts = steps.select { |step| step["uses"].to_s.include?("rust-toolchain") }.map { |step| step.dig("with", "toolchain") }
    expect(rusts.uniq).to eq([gitlab.dig("variables", "RUST")])
    expect(rusts.first).to match(/\A1\.\d+\.\d+\z/)
  end

  describe "for GitHub" do
    let(:path) { ".github/workflows/release.yml" }
    let(:workflow) { yaml(path) }
    let(:jobs) { workflow.fetch("jobs") }
    let(:steps) { jobs.values.flat_map { |job| job.fetch("steps") } }
    let(:scripts) { steps.filter_map { |step| step["run"] } }

    def matrix(job, key) = jobs.dig(job, "strategy", "matrix", key)

    def systems(job) = matrix(job, "system").map { |system| system["gem"] }

    it "uses no action but by its commit, with the version beside it" do
      used = File.read(File.join(root, path)).scan(/uses: (.*)$/).flatten
      expect(used).to all(match(%r{\A[\w.-]+/[\w./-]+@\h{40} # v\d[\d.]*\z}))
      expect(steps.filter_map { |step| step["uses"] }.size).to eq(used.size)
      # One action, one commit.
      expect(used.map { |use| use[/\A[^@]+/] }.uniq.size).to eq(used.uniq.size)
    end

    it "builds every platform's library for every Ruby: for glibc as here, for the others in rb_sys' images" do
      expect(systems("library").product(matrix("library", "ruby"))).to match_array(combinations(glibc))
      expect(matrix("cross", "gem")).to match_array(crossed)
      cross = jobs.dig("cross", "steps").find { |step| step["id"] == "cross" }
      expect(cross["with"]).to include("platform" => "${{ matrix.gem }}", "ruby-versions" => NativeGem::RUBIES.join(","))
      expect(matrix("compiled", "gem")).to match_array(NativeGem::PLATFORMS)
    end

    it "installs every platform's gem with every Ruby from a server with all of them" do
      expect(systems("install").product(matrix("install", "ruby"))).to match_array(combinations(NativeGem::PLATFORMS.grep(/linux/)))
      expect(matrix("install-darwin", "ruby")).to eq(NativeGem::RUBIES)
      expect([systems("install-distribution"), matrix("install-distribution", "distribution").map { |entry| entry["image"] }])
        .to match([match_array(glibc), include("debian:12", "almalinux:8")])
      installing = jobs.select { |name, _job| name.start_with?("install") }
      installing.each_value do |job|
        expect(job["needs"]).to match_array(%w[source compiled])
        expect(job["steps"].find { |step| step["uses"].to_s.include?("download-artifact") }["with"])
          .to eq("pattern" => "gem-*", "path" => "gems", "merge-multiple" => true)
        expect(job["steps"].last["run"]).to match(%r{ruby rakelib/install_check\.rb gems \S})
      end
      # On its own processor.
      arm = %w[library install install-distribution].flat_map { |job| matrix(job, "system") }
      expect(arm).to all(satisfy { |system| system["runner"].end_with?("-arm") == system["gem"].start_with?("aarch64") })
      expect(jobs.dig("publish", "needs")).to match_array([*installing.keys, "container"])
      expect(jobs.keys).to include(*jobs.values.flat_map { |job| Array(job["needs"]) })
    end

    it "builds the container image and starts it as its recipe says, on both processors" do
      expect(matrix("container", "runner")).to match_array(matrix("install-distribution", "system").map { |system| system["runner"] })
      expect(jobs.dig("container", "steps").filter_map { |step| step["run"] }).to eq(image)
      expect(jobs.dig("container", "steps").find { |step| step.dig("with", "pattern") }["with"])
        .to eq("pattern" => "gem-*-linux", "path" => "pkg", "merge-multiple" => true)
    end

    it "hands every job what another one has uploaded" do
      uploads = steps.select { |step| step["uses"].to_s.include?("upload-artifact") }.map { |step| step["with"] }
      expect(uploads).to all(include("if-no-files-found" => "error"))
      # For each platform, and any Ruby.
      filled = lambda do |text|
        NativeGem::PLATFORMS.map { |platform| text.gsub(/\$\{\{ [\w.]*gem \}\}/, platform).gsub(/\$\{\{.*?\}\}/, "3.4") }.uniq
      end
      names = uploads.flat_map { |with| filled.call(with["name"]) }
      uploaded = satisfy("be uploaded") { |pattern| names.any? { |name| File.fnmatch(pattern, name) } }
      downloads = steps.select { |step| step["uses"].to_s.include?("download-artifact") }
      expect(downloads.flat_map { |step| filled.call(step.dig("with", "pattern")) }).to all(uploaded)
      # A platform's name begins another's.
      expect(jobs.dig("compiled", "steps").filter_map { |step| step.dig("with", "pattern") }).to eq(["library-${{ matrix.gem }}.*"])
    end

    # Without git there is no commit, and an action's own script needs what a bare image has not.
    it "installs what it calls before it calls it" do
      expect(jobs.select { |_name, job| job["container"] }.transform_values { |job| job["container"] })
        .to eq("check" => "debian:12", "library" => "ruby:${{ matrix.ruby }}-bookworm")
      expect(jobs.dig("check", "steps").first["run"]).to match(/\Aapt-get update -qq && apt-get install .*ca-certificates curl git ruby\z/)
      jobs.each do |name, job|
        text = job["steps"].map { |step| step["uses"] || step["run"] }
        ruby = text.index { |step| step.match?(/(?:\A|[ (])(ruby|rake|gem) /) && !step.include?("docker run") }
        there = job["container"] ? 0 : text.index { |step| step.include?("ruby/setup-ruby") }
        expect(there).to be <= ruby, "#{name} has no Ruby" if ruby
        expect(text.index { |step| step.include?("safe.directory") }).to be < ruby if job["container"]
        expect(text.join).to include("actions/checkout") if text.join.match?(%r{rakelib|rake |bin/})
      end
    end

    it "lets the job that publishes write, no other, and attests before it publishes" do
      expect(workflow["permissions"]).to eq("contents" => "read")
      expect(jobs.select { |_name, job| job.key?("permissions") }.keys).to eq(["publish"])
      order = jobs.dig("publish", "steps").map { |step| step["uses"] || step["run"] }
      expect(order.index { |step| step.include?("attest-build-provenance") }).to be < order.index { |step| step.include?("gem push") }
      expect(order.join).to include("sha256sum")
      expect(jobs.values.map { |job| job["timeout-minutes"] }).to all(be_between(1, 120))
    end

    it "says in the gems where they were released from, and keeps their debug information" do
      expect(workflow["env"]).to eq("MAIL_ROOM_REPOSITORY" => "${{ github.server_url }}/${{ github.repository }}")
      expect(scripts.join("\n")).to match(/tar -cJf "debug-.*\.tar\.xz" -C pkg debug$/)
      expect(scripts.last).to end_with("./*.gem ./*.sha256 ./*.tar.xz")
    end

    it "calls tasks and files that there are" do
      called = tasks(scripts.join("\n"))
      expect(called).to include("package", "native:libraries", "native:package", "deny")
      expect(called - known).to eq([])
      expect(paths(scripts.join("\n"))).to include("bin/test", "rakelib/install_check.rb", "rakelib/cross.gemfile")
      expect(paths(scripts.join("\n"))).to all(satisfy { |name| there?(name) })
    end
  end

  describe "for GitLab" do
    let(:pipeline) { yaml(".gitlab-ci.yml") }
    let(:jobs) { pipeline.select { |name, job| job.is_a?(Hash) && job.key?("script") && !name.start_with?(".") } }

    # With what it extends.
    def job(name)
      own = pipeline.fetch(name)
      own["extends"] ? job(own["extends"]).merge(own) : own
    end

    def matrix(name)
      job(name).dig("parallel", "matrix").flat_map do |entry|
        values = entry.transform_values { |value| Array(value) }
        values.fetch("GEM_PLATFORM", ["arm64-darwin"]).product(values.fetch("RUBY", [nil]))
      end
    end

    it "builds and installs the same as on GitHub, in stages that there are, with pinned images" do
      expect(matrix("library")).to match_array(combinations(glibc))
      expect(matrix("cross").map(&:first)).to match_array(crossed)
      expect(matrix("compiled").map(&:first)).to match_array(NativeGem::PLATFORMS)
      expect(matrix("install") + matrix("install-darwin")).to match_array(combinations(NativeGem::PLATFORMS))
      expect(%w[install-debian install-almalinux].map { |name| matrix(name).map(&:first) }).to all(match_array(glibc))
      expect(jobs.keys.map { |name| job(name)["stage"] }.uniq).to match_array(pipeline["stages"])
      # Words of GitLab's, which no job may have for a name.
      expect(jobs.keys & %w[image services stages before_script after_script variables cache include default workflow pages]).to eq([])
      expect(jobs.keys.map { |name| job(name)["image"] }).to all(match(/:(\d+\.\d+(\.\d+)?|\$\{)|\Amacos-\d+-xcode-\d+\z/))
      expect(jobs.keys - %w[test deny]).to all(satisfy { |name| job(name)["rules"] == pipeline.dig(".release", "rules") })
      runners = %w[library install install-debian].flat_map { |name| job(name).dig("parallel", "matrix") }
      expect(runners).to all(satisfy { |entry| entry["RUNNER"].end_with?("arm64") == entry["GEM_PLATFORM"].start_with?("aarch64") })
    end

    it "builds before it packages, packages before it installs, and installs before it publishes" do
      order = %w[test library compiled install publish].map { |name| pipeline["stages"].index(job(name)["stage"]) }
      expect(order).to eq(order.uniq.sort)
      expect(job("source")["stage"]).to eq(job("compiled")["stage"])
      installing = jobs.keys.grep(/\Ainstall/).map { |name| job(name) }
      expect(installing.map { |entry| entry["stage"] }.uniq).to eq(["install"])
      expect(installing.map { |entry| entry["script"].last }).to all(match(%r{ruby rakelib/install_check\.rb pkg \S+\z}))
    end

    it "builds the container image and starts it as its recipe says, on both processors" do
      expect(job("container")["script"]).to eq(image)
      expect(job("container").dig("parallel", "matrix").first["RUNNER"].map { |runner| runner[/\w+\z/] }).to match_array(%w[amd64 arm64])
      # A client of the daemon's own version.
      expect(job("container")["services"]).to eq(["#{job("container")["image"]}-dind"])
    end

    # sigstore-cli finds GitHub's tokens by itself, and no others. The gem server knows no token of GitLab's.
    it "signs with the pipeline's token, and pushes with a key" do
      script = job("publish")["script"].join("\n")
      expect(job("publish")["id_tokens"]).to eq("SIGSTORE_ID_TOKEN" => { "aud" => "sigstore" })
      expect(script).to include('--identity-token "$SIGSTORE_ID_TOKEN"')
      expect(Gem::Version.new(script[/sigstore-cli --version ([\d.]+)/, 1])).to be >= Gem::Version.new("0.2.2")
      expect(script).not_to include("--attestation")
      expect(File.read(File.join(root, ".gitlab-ci.yml"))).to match(/^# .*GEM_HOST_API_KEY/)
      expect(job("publish").dig("artifacts", "paths")).to include("pkg/*.sha256", "pkg/*.sigstore.json", "pkg/debug")
    end

    it "calls tasks and files that there are" do
      text = jobs.keys.flat_map { |name| job(name)["script"] }.join("\n")
      expect(tasks(text)).to include("package", "native:libraries", "native:package", "deny")
      expect(tasks(text) - known).to eq([])
      expect(paths(text)).to include("bin/test", "rakelib/install_check.rb", "rakelib/cross.gemfile")
      expect(paths(text)).to all(satisfy { |name| there?(name) })
      expect(pipeline.dig("variables", "MAIL_ROOM_REPOSITORY")).to eq("$CI_PROJECT_URL")
    end
  end

  # rake-compiler is not here. What is asked of it is.
  describe "in rb_sys' images" do
    around { |example| Dir.mktmpdir { |folder| Dir.chdir(folder) { example.run } } }

    def crossing(rubies)
      FileUtils.mkdir_p("rb_sys")
      File.write("rb_sys/extensiontask.rb", <<~RUBY)
        module RbSys
          class ExtensionTask
            def initialize(*) = yield(self)
            def method_missing(name, *values) = puts("\#{name} \#{values.join(" ")}".strip)
            def respond_to_missing?(*) = true
          end
        end
      RUBY
      script = 'load ARGV.first; puts ENV.values_at("RB_SYS_CARGO_PROFILE", "RUBY_CC_VERSION")'
      environment = { "RUBY_CC_VERSION" => rubies, "RB_SYS_CARGO_PROFILE" => nil, "RUBYLIB" => Dir.pwd }
      Open3.capture2e(environment, RbConfig.ruby, "-e", script, "--", File.join(root, "rakelib/cross.rake"))
    end

    it "builds what is released: the size, and every Ruby that a gem is for" do
      said, status = crossing("4.0.2:3.4.8:3.3.10:3.2.9:3.1.7:3.0.7:2.7.8")
      expect(status).to be_success, said
      expect(said.lines.map(&:chomp)).to include("cross_platform= #{crossed.join(" ")}")
      expect(said.lines.last(2).map(&:chomp)).to eq(["dist", "4.0.2:3.4.8:3.3.10:3.2.9:3.1.7"])
    end

    it "refuses an image without one of the Rubies" do
      said, status = crossing("3.4.8:3.3.10:3.2.9:3.1.7")
      expect([said, status.success?]).to eq(["RUBY_CC_VERSION has no Ruby 4.0\n", false])
    end
  end
end
