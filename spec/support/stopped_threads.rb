# frozen_string_literal: true

require "fiddle"

# Stops some threads of a process, and none of its others, with ptrace(2). The process must be a child of ours. Linux only.
#
#   StoppedThreads.new(process.pid, "mail_room watch").during { ... }
class StoppedThreads
  SEIZE = 0x4206
  INTERRUPT = 0x4207
  DETACH = 17
  # waitpid(2): threads, too.
  ALL = 0x40000000
  INTEGER = Fiddle::TYPE_LONG
  private_constant :SEIZE, :INTERRUPT, :DETACH, :ALL, :INTEGER

  # @param name [String] of the threads, at most 15 octets
  def initialize(pid, name)
    @ids = Dir.children("/proc/#{pid}/task").map(&:to_i).select { |id| File.read("/proc/#{pid}/task/#{id}/comm").chomp == name }
    raise "process #{pid} has no thread #{name}" if @ids.empty?

    @stopped = []
  end

  # They stand still while the block runs. All of it runs on one thread: the kernel lets no other one do it.
  def during
    @ids.each { |id| stop(id) }
    yield
  ensure
    @stopped.each { |id| ptrace(DETACH, id) }
  end

  private

  def stop(id)
    ptrace(SEIZE, id)
    ptrace(INTERRUPT, id)
    function("waitpid", [Fiddle::TYPE_INT, Fiddle::TYPE_VOIDP, Fiddle::TYPE_INT], Fiddle::TYPE_INT).call(id, nil, ALL)
    @stopped << id
  end

  def ptrace(request, id)
    called = function("ptrace", [INTEGER, INTEGER, INTEGER, INTEGER], INTEGER).call(request, id, 0, 0)
    raise SystemCallError.new("ptrace #{request} of thread #{id}", Fiddle.last_error) if called == -1
  end

  def function(name, arguments, result) = Fiddle::Function.new(Fiddle::Handle::DEFAULT[name], arguments, result)
end
