# frozen_string_literal: true

require "mail_room"

# Loaded into rspec with `-r`: while a method of the native library runs, Ruby collects at each allocation and moves what it can. What the
# binding forgets to mark, or keeps an address of, is gone. Not while a method only waits: other threads would stand still.
module Collector
  WAITING = %i[wait next_call next_lines].freeze

  class << self
    # How many calls were made so.
    attr_accessor :calls

    # Objects are moved only by these collections, each of which is done at once: Ruby 3.1 itself crashes, with nothing but Ruby's own
    # libraries loaded, if those of every day, which are done bit by bit, move objects, too.
    def collecting
      GC.auto_compact = GC.stress = true
      yield
    ensure
      GC.auto_compact = GC.stress = false
    end

    def wrap(owner)
      methods = owner.instance_methods(false) - WAITING
      owner.prepend(Module.new do
        methods.each do |name|
          define_method(name) do |*arguments|
            Collector.calls += 1
            Collector.collecting { super(*arguments) }
          end
        end
      end)
    end
  end

  self.calls = 0
  classes = MailRoom::Native.constants.map { |name| MailRoom::Native.const_get(name) }.grep(Class)
  [MailRoom::Native.singleton_class, *classes, *classes.map(&:singleton_class)].each { |owner| wrap(owner) }
end

RSpec.configure do |config|
  config.after(:suite) { puts "#{Collector.calls} calls of the library, #{GC.stat(:compact_count)} compactions" }
end
