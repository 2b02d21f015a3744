# frozen_string_literal: true

require "fileutils"
require "open3"
require "rubygems/package"
require "shellwords"
require "tmpdir"
require_relative "private_server"
require_relative "server_process"

# A new app of Debian's Rails, and a folder of gems that has ours as its only one: `bundle add` takes it from there.
#
#   app = RailsApp.new.create
#   app.run("bin/rails db:migrate")
#   app.write("app/jobs/a_job.rb", "class AJob ...")
#   app.start("bin/rails server")          # => ServerProcess
class RailsApp
  ROOT = File.expand_path("../..", __dir__)
  # What `rails new` leaves out of what no example needs.
  WITHOUT = %w[bundle git bootsnap spring test listen action-cable jbuilder kamal solid rubocop brakeman ci].freeze
  private_constant :ROOT, :WITHOUT

  attr_reader :folder

  def initialize
    @dir = Dir.mktmpdir("rails")
    @folder = File.join(@dir, "shop")
    @processes = []
    @started = 0
  end

  # @return [self]
  def create
    index_gem
    run("rails new shop --api #{WITHOUT.map { |name| "--skip-#{name}" }.join(" ")}", chdir: @dir)
    gemfile("rails", "sqlite3", "puma")
    # A thread that waits for SQLite's lock lets no other Ruby thread run, not even the one that has the lock: it waits in vain.
    write("config/database.yml", read("config/database.yml").gsub(/^( *)pool: .*/, "\\1pool: 1\n\\1checkout_timeout: 60"))
    self
  end

  # @param gems [Array<String>] all that the app uses
  def gemfile(*gems)
    write("Gemfile", "source \"file://#{@dir}/gems\"\n#{gems.map { |name| "gem \"#{name}\"\n" }.join}")
  end

  def write(path, text)
    target = File.join(folder, path)
    FileUtils.mkdir_p(File.dirname(target))
    File.write(target, text)
  end

  def read(path) = File.read(File.join(folder, path))

  # Runs a command to its end.
  # @return [String] what it said
  def run(command, chdir: folder, **env)
    said, status = Open3.capture2e(environment(env), *command.shellsplit, chdir: chdir)
    raise "#{command} failed:\n#{said}" unless status.success?

    said
  end

  # Starts a command that goes on.
  # @return [ServerProcess]
  def start(command, **env)
    out = File.join(@dir, "out#{@started += 1}")
    @processes << ServerProcess.new(command.split, out: out, env: environment(env), chdir: folder).start
    @processes.last
  end

  # The messages that Action Mailbox has stored, as [status, Message-ID].
  def inbound_emails(environment = "development")
    statuses = %w[pending processing delivered failed bounced]
    rows("SELECT status, message_id FROM action_mailbox_inbound_emails ORDER BY id", environment)
      .map { |status, id| [statuses.fetch(status), id] }
  end

  # Ends what still runs.
  def stop
    @processes.each(&:kill9)
    @processes.clear
  end

  def remove
    stop
  ensure
    FileUtils.remove_entry(@dir, true)
  end

  private

  def rows(statement, environment)
    # Not above: the compiled gem's specs run with Rubies for which there is no sqlite3.
    require "sqlite3"
    file = Dir.glob(File.join(folder, "{db,storage}", "#{environment}.sqlite3")).first
    database = SQLite3::Database.new(file, readonly: true)
    database.busy_timeout = 5_000
    database.execute(statement)
  ensure
    database&.close
  end

  # What is installed with Debian's packages stays visible beside what the app installs.
  def environment(more)
    home = File.join(@dir, "home")
    ours = ENV.keys.grep(/\A(BUNDLE_|RUBYOPT|RUBYLIB|RAILS_|RACK_)/).to_h { |name| [name, nil] }
    { **ours, "GEM_HOME" => home, "GEM_PATH" => [home, *Gem.default_path].join(":"), "HOME" => @dir, **more.transform_keys(&:to_s) }
  end

  # The gem with the library that was compiled for the specs.
  def index_gem
    specification = Dir.chdir(ROOT) { Gem::Specification.load("gitlab-mail_room.gemspec").dup }
    specification.files = specification.files.grep_v(%r{\A(ext/|Cargo\.)}) + ["lib/mail_room/mail_room_native.#{RbConfig::CONFIG["DLEXT"]}"]
    specification.platform = Gem::Platform.local
    specification.extensions = []
    specification.dependencies.reject! { |dependency| dependency.name == "rb_sys" }
    gem = File.join(@dir, "gems/gems/#{specification.full_name}.gem")
    FileUtils.mkdir_p(File.dirname(gem))
    quietly { Dir.chdir(ROOT) { Gem::Package.build(specification, true, false, gem) } }
    run("gem generate_index -d #{@dir}/gems", chdir: @dir)
  end

  # RubyGems tells what it has built.
  def quietly
    ui = Gem::DefaultUserInteraction.ui
    Gem::DefaultUserInteraction.ui = Gem::SilentUI.new
    yield
  ensure
    Gem::DefaultUserInteraction.ui = ui
  end
end
