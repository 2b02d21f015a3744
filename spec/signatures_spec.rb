# frozen_string_literal: true

require "open3"

# sig/mail_room.rbs, for type checkers and editors. rbs comes with Ruby. Nothing of steep is needed here: rbs' own test compares the
# signatures with what really happens.
RSpec.describe "the signatures" do
  let(:root) { File.expand_path("..", __dir__) }
  let(:cli) { 'gem "rbs"; require "rbs"; require "rbs/cli"; RBS::CLI.new(stdout: $stdout, stderr: $stderr).run(ARGV.dup)' }

  def run(*command, env: {})
    Open3.capture2e(env, RbConfig.ruby, *command, chdir: root)
  end

  it "are valid" do
    said, status = run("-e", cli, "--", "-I", "sig", "-r", "logger", "-r", "monitor", "validate", "--silent")
    expect(status).to be_success, said
  end

  # Every call that these examples make of a method with a signature is checked against it, but for those that pass something else on
  # purpose.
  it "say what the methods take and return" do
    names = %w[message matcher mailbox configuration coordinator crash_handler delivery sidekiq arbitration jwt structured]
    files = Dir.glob("spec/mail_room/**/{#{names.join(",")}}_spec.rb", base: root)
    files << "spec/end_to_end/direct_calls_spec.rb"
    expect(files.size).to be >= 10
    rspec = Gem.bin_path("rspec-core", "rspec")
    env = { "RBS_TEST_TARGET" => "MailRoom::*", "RBS_TEST_OPT" => "-I sig -r logger -r monitor", "RBS_TEST_RAISE" => "true",
            "RBS_TEST_LOGLEVEL" => "info", "SPEC_OPTS" => "--tag ~wrong_types" }
    # It checks the classes that are loaded after it.
    said, status = run("-I", "lib", "-e", 'gem "rbs"; require "rbs/test/setup"; require "mail_room"; load ARGV.shift', "--", rspec, *files,
                       env: env)
    expect(status).to be_success, said
    expect(said).to match(/[1-9]\d* examples, 0 failures/)
    expect(said.scan(/Setting up hooks for ::MailRoom::(\S+)/).flatten)
      .to include("Message", "Matcher", "Mailbox", "Configuration", "Coordinator", "JWT", "Delivery::Sidekiq", "Logger::Structured")
  end

  it "name every public method of the classes that they describe, and none that is not there" do
    require "rbs"
    loader = RBS::EnvironmentLoader.new
    loader.add(path: Pathname(root).join("sig"))
    %w[logger monitor].each { |library| loader.add(library: library, version: nil) }
    builder = RBS::DefinitionBuilder.new(env: RBS::Environment.from_loader(loader).resolve_type_names)
    [MailRoom::Message, MailRoom::Matcher, MailRoom::Configuration, MailRoom::MailboxWatcher, MailRoom::Coordinator, MailRoom::JWT,
     MailRoom::Progress, MailRoom::CrashHandler].each do |klass|
      signed = builder.build_instance(RBS::TypeName("::#{klass.name}")).methods
      signed = signed.select { |_name, method| method.defined_in.to_s == "::#{klass.name}" && method.public? }.keys
      api_private = { MailRoom::JWT => [:to_native], MailRoom::MailboxWatcher => [:watched_by] }.fetch(klass, [])
      expect(signed - [:initialize]).to match_array(klass.public_instance_methods(false) - api_private), klass.name
    end
  end
end
