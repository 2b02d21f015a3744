# frozen_string_literal: true

require "mail_room/check"
require "open3"
require "yaml"
require_relative "../rakelib/public_api"

# sig/mail_room.rbs, for type checkers and editors. rbs comes with Ruby. Nothing of steep is needed here: rbs' own test compares the
# signatures with what really happens.
RSpec.describe "the signatures" do
  let(:root) { File.expand_path("..", __dir__) }
  # What `rbs collection` loads for an application.
  let(:libraries) { YAML.load_file(File.join(root, "sig/manifest.yaml")).fetch("dependencies").map { |library| library.fetch("name") } }
  let(:cli) { 'gem "rbs"; require "rbs"; require "rbs/cli"; RBS::CLI.new(stdout: $stdout, stderr: $stderr).run(ARGV.dup)' }

  before(:context) { require "rbs" }

  def run(*command, env: {})
    Open3.capture2e(env, RbConfig.ruby, *command, chdir: root)
  end

  it "are valid" do
    said, status = run("-e", cli, "--", "-I", "sig", *libraries.flat_map { |library| ["-r", library] }, "validate", "--silent")
    expect(status).to be_success, said
  end

  # Every call that these examples make of a method with a signature is checked against it, but for those that pass something else on
  # purpose.
  it "say what the methods take and return" do
    names = %w[message matcher mailbox configuration coordinator crash_handler delivery sidekiq arbitration jwt structured
               action_mailbox letter_opener logger postback que redis address]
    files = Dir.glob("spec/mail_room/**/{#{names.join(",")}}_spec.rb", base: root)
    files << "spec/end_to_end/direct_calls_spec.rb"
    expect(files.size).to be >= 10
    rspec = Gem.bin_path("rspec-core", "rspec")
    env = { "RBS_TEST_TARGET" => "MailRoom::*", "RBS_TEST_OPT" => "-I sig#{libraries.map { |library| " -r #{library}" }.join}",
            "RBS_TEST_RAISE" => "true", "RBS_TEST_LOGLEVEL" => "info", "SPEC_OPTS" => "--tag ~wrong_types" }
    # It checks the classes that are loaded after it.
    said, status = run("-I", "lib", "-e", 'gem "rbs"; require "rbs/test/setup"; require "mail_room"; load ARGV.shift', "--", rspec, *files,
                       env: env)
    expect(status).to be_success, said
    expect(said).to match(/[1-9]\d* examples, 0 failures/)
    checked = %w[Message Matcher Mailbox Configuration Coordinator JWT Logger::Structured Arbitration::Redis Delivery::ActionMailbox
                 Delivery::Postback Delivery::Que Delivery::Sidekiq]
    expect(said.scan(/Setting up hooks for ::MailRoom::(\S+)/).flatten).to include(*checked)
  end

  # What spec/public_api.txt lists and nobody but this library calls: it is marked @api private in the code.
  internal = Regexp.union(/[.#](native|to_native|to_watch|logger_object|watched_by|first_run\?)\z/, /Configuration\.(found|read)\z/,
                          /HealthCheck#watch\z/, /ActionMailbox\.for\z/, /CLI\.(crash|leave)\z/)

  let(:environment) do
    loader = RBS::EnvironmentLoader.new
    loader.add(path: Pathname(root).join("sig"))
    libraries.each { |library| loader.add(library: library, version: nil) }
    RBS::Environment.from_loader(loader).resolve_type_names
  end
  let(:builder) { RBS::DefinitionBuilder.new(env: environment) }

  # @return [Hash{String=>Array<String>}] the constants and methods of each class in the list, such as `SOURCES`, `.new` and `#run`
  let(:listed) do
    File.read(PublicApi::PATH).split("\n\n").to_h do |section|
      name, *lines = section.lines.map { |line| line[/\S+/] }
      members = lines.reject { |line| line.start_with?("members:") }.map { |line| line[/[^(]+/] }
      [name, members.reject { |member| "#{name}#{"." unless member.match?(/\A[.#]/)}#{member}".match?(internal) }]
    end
  end

  def pairs = listed.flat_map { |name, members| members.map { |member| [name, member] } }

  def definition(name, member)
    type = RBS::TypeName("::#{name}")
    member.start_with?("#") || member == ".new" ? builder.build_instance(type) : builder.build_singleton(type)
  end

  # The method as it is signed, if it is signed here.
  def signed(name, member)
    found = definition(name, member).methods[member == ".new" ? :initialize : member[1..].to_sym]
    found if found && found.defined_in.to_s.start_with?("::MailRoom")
  end

  # The method as it is; of `.new`, what it passes its arguments to.
  def defined(name, member)
    mod = Object.const_get(name)
    return mod.method(member[1..]) if member.start_with?(".") && member != ".new"

    mod.instance_method(member == ".new" ? :initialize : member[1..])
  end

  def parameters(method)
    kinds = method.parameters.group_by(&:first)
    { required: kinds.fetch(:req, []).size, optional: kinds.fetch(:opt, []).size, rest: kinds.key?(:rest),
      required_keywords: kinds.fetch(:keyreq, []).map(&:last).sort, optional_keywords: kinds.fetch(:key, []).map(&:last).sort }
  end

  def signed_parameters(type)
    { required: type.required_positionals.size, optional: type.optional_positionals.size, rest: !type.rest_positionals.nil?,
      required_keywords: type.required_keywords.keys.sort, optional_keywords: type.optional_keywords.keys.sort }
  end

  def ours(table) = table.keys.map { |name| name.to_s.delete_prefix("::") }.grep(/\AMailRoom/)

  it "name every class, constant and method of the public API" do
    expect(listed.size).to be > 40
    expect(listed.keys.reject { |name| environment.class_decls.key?(RBS::TypeName("::#{name}")) }).to eq([])
    missing = pairs.reject do |name, member|
      member.match?(/\A[.#]/) ? signed(name, member) : environment.constant_decls.key?(RBS::TypeName("::#{name}::#{member}"))
    end
    # Errors take what Ruby's take.
    expect(missing.reject { |name, member| member == ".new" && Object.const_get(name) <= StandardError }).to eq([])
  end

  it "name nothing that is not there, or not for apps" do
    expect(ours(environment.class_decls) - listed.keys - %w[MailRoom MailRoom::IMAP MailRoom::Logger]).to eq([])
    expect(ours(environment.constant_decls).reject { |name| Object.const_defined?(name) }).to eq([])
    methods = listed.keys.flat_map do |name|
      { "#" => builder.build_instance(RBS::TypeName("::#{name}")), "." => builder.build_singleton(RBS::TypeName("::#{name}")) }
        .flat_map do |sign, type|
          own = type.methods.select { |method, facts| facts.defined_in.to_s == "::#{name}" && facts.public? && method != :initialize }
          own.keys.map { |method| [name, "#{sign}#{method}"] }
        end
    end
    methods.reject! { |_name, member| member == ".new" }
    expect(methods.size).to be > 300
    expect(methods.reject { |name, member| method?(name, member) && !"#{name}#{member}".match?(internal) }).to eq([])
  end

  def method?(name, member)
    mod = Object.const_get(name)
    member.start_with?("#") ? mod.public_method_defined?(member[1..]) : mod.respond_to?(member[1..])
  end

  it "say how many arguments the methods take" do
    wrong = pairs.select do |name, member|
      signature = signed(name, member) if member.match?(/\A[.#]/)
      signature&.method_types&.none? { |type| signed_parameters(type.type) == parameters(defined(name, member)) }
    end
    expect(wrong).to eq([])
  end

  # What rbs' own test does not see: classes that are made by Struct.new.
  it "say what the members of Structs are" do
    require "rbs/test"
    deliveries = { "sidekiq" => { redis_url: "redis://localhost", worker: "Worker" }, "postback" => { url: "http://localhost" },
                   "que" => {}, "action_mailbox" => { url: "http://localhost" }, "active_job" => { job_class: "Job" },
                   "command" => { command: ["true"] }, "letter_opener" => {}, "logger" => { log_path: "log" }, "noop" => {} }
    deliveries.each { |name, options| expect(wrong_members(MailRoom::Delivery[name]::Options.new(mailbox(options)))).to eq([]) }
    %w[redis noop].each { |name| expect(wrong_members(MailRoom::Arbitration[name]::Options.new(mailbox({})))).to eq([]) }
    results = MailRoom::Check.run({ config_path: "/nowhere" })
    expect(results.flat_map { |result| [result, *result.steps] }.size).to be >= 2
    expect(results.flat_map { |result| [result, *result.steps].flat_map { |struct| wrong_members(struct) } }).to eq([])
    expect(wrong_members(mailbox({}))).to eq([])
    expect(wrong_members(MailRoom::Check::Step.ok(1, "why"))).to eq(["MailRoom::Check::Step#id: 1"])
  end

  def mailbox(options)
    MailRoom::Mailbox.new(email: "a@example.com", password: "p", host: "localhost", name: "INBOX", delivery_method: "noop",
                          delivery_options: options, arbitration_options: { redis_url: "redis://localhost" })
  end

  def wrong_members(struct)
    name = struct.class.name
    check = RBS::Test::TypeCheck.new(self_class: struct.class, builder: builder, sample_size: nil, unchecked_classes: [])
    wrong = struct.members.reject do |member|
      check.value(struct.public_send(member), signed(name, "##{member}").method_types.first.type.return_type)
    end
    wrong.map { |member| "#{name}##{member}: #{struct.public_send(member).inspect}" }
  end
end
