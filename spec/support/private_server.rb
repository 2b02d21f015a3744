# frozen_string_literal: true

require "fileutils"
require_relative "server_process"

# What every server has that the specs start in a folder of its own. It has `@process`, a {ServerProcess}, and `@dir`.
module PrivateServer
  # Connections stay open and nothing is answered, until `resume`: a network that swallows packets.
  def pause = @process.signal_group("STOP")

  def resume = @process.signal_group("CONT")

  def alive? = @process.alive?

  def pid = @process.pid

  def log = @process.output

  def stop = @process.stop

  def kill9 = @process.kill9

  # Ends it for good, as a power cut would, and removes its folder.
  def remove
    kill9
  ensure
    FileUtils.remove_entry(@dir, true)
  end
end
