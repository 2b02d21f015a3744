# frozen_string_literal: true

require "mail_room"

# Loaded into rspec with `-r`: while a method of the native library runs, Ruby collects at each allocation and moves what it can. What the
# binding forgets to mark, or keeps an address of, is gone. Not while a method only waits: other threads would stand still.
module Collector
  WAITING = %i[wait next_call next_lines].freeze

  class << self
    # How many calls were made so.
    attr_accessor :calls

    def wrap(owner)
      methods = owner.instance_methods(false) - WAITING
      owner.prepend(Module.new do
        methods.each do |name|
          define_method(name) do |*arguments|
            Collector.calls += 1
            GC.stress = true
            super(*arguments)
          ensure
            GC.stress = false
          end
        end
      end)
    end
  end

  self.calls = 0
  classes = MailRoom::Native.constants.map { |name| MailRoom::Native.const_get(name) }.grep(Class)
  [MailRoom::Native.singleton_class, *classes, *classes.map(&:singleton_class)].each { |owner| wrap(owner) }
  GC.auto_compact = true
end

RSpec.configure do |config|
  config.after(:suite) { puts "#{Collector.calls} calls of the library, #{GC.stat(:compact_count)} compactions" }
end
