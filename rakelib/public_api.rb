# frozen_string_literal: true

# The constants and methods that apps may use, as a text: spec/public_api.txt. A change of the text is a change of the contract.
class PublicApi
  PATH = File.expand_path("../spec/public_api.txt", __dir__)
  CLASSES = %w[
    Configuration Mailbox HealthCheck Coordinator MailboxWatcher CLI CrashHandler Message IMAP::Message Matcher Matcher::Looked Match JWT
    Logger::Structured Progress Progress::Mailbox Check Check::Result Check::Step Delivery Delivery::Noop Delivery::Noop::Options
    Delivery::Logger Delivery::Logger::Options Delivery::Sidekiq Delivery::Sidekiq::Options Delivery::Postback
    Delivery::Postback::Options Delivery::Que Delivery::Que::Options Delivery::LetterOpener Delivery::LetterOpener::Options
    Delivery::ActionMailbox Delivery::ActionMailbox::Options Delivery::ActiveJob Delivery::ActiveJob::Options
    Delivery::Command Delivery::Command::Options
    Arbitration Arbitration::Noop Arbitration::Noop::Options Arbitration::Redis Arbitration::Redis::Options
    ConfigurationError IdleTimeoutTooLarge DeliveryError
  ].freeze
  # What Ruby adds once pp is loaded.
  PRINTING = %i[pretty_print pretty_print_cycle].freeze
  private_constant :CLASSES

  # @return [String]
  def to_s
    CLASSES.map { |name| section(name, MailRoom.const_get(name)) }.join("\n")
  end

  private

  def section(name, mod)
    base = base_of(mod)
    heading = "MailRoom::#{name}#{" < #{base}" unless base == Object || base.name.nil?}\n"
    [heading, *[*values(mod), *construction(mod, base), *methods_of(mod, base)].map { |line| "  #{line}\n" }].join
  end

  # The nearest ancestor that is not ours.
  def base_of(mod)
    return Module.new unless mod.is_a?(Class)

    mod.ancestors.grep(Class).find { |ancestor| !ancestor.name.to_s.start_with?("MailRoom") }
  end

  def values(mod)
    mod.constants(false).reject { |constant| mod.const_get(constant).is_a?(Module) }.sort
  end

  def construction(mod, base)
    members = "members: #{mod.members.join(", ")}" if base == Struct
    created = ".new#{parameters(mod.instance_method(:initialize))}" if mod.is_a?(Class) && mod.instance_method(:initialize).owner != base
    [members, created].compact
  end

  def methods_of(mod, base)
    singleton = (mod.singleton_methods - base.singleton_methods).sort.map { |method| ".#{signature(method, mod.method(method))}" }
    instance = (mod.public_instance_methods - base.public_instance_methods - PRINTING).sort.map do |method|
      "##{signature(method, mod.instance_method(method))}"
    end
    (singleton - STRUCT) + instance
  end

  # What every Struct has.
  STRUCT = %w[.[](...) .inspect() .keyword_init?() .members() .new(...)].freeze
  private_constant :STRUCT

  def signature(name, method)
    "#{name}#{parameters(method)}"
  end

  def parameters(method)
    list = method.parameters.map do |kind, name|
      { req: name.to_s, opt: "#{name} = ...", rest: "...", keyreq: "#{name}:", key: "#{name}: ...", keyrest: "**", block: "&#{name}" }
        .fetch(kind)
    end
    "(#{list.join(", ")})"
  end
end
