# frozen_string_literal: true

require "open3"
require_relative "../../rakelib/native_gem"

# Small libraries for every platform, made by the zig of `rake native`.
module Zig
  PROGRAM = File.join(NativeGem::TARGET, "native/tools/ziglang/zig")
  TARGETS = { "x86_64-linux" => "x86_64-linux-gnu.2.28", "aarch64-linux" => "aarch64-linux-gnu.2.28",
              "x86_64-linux-musl" => "x86_64-linux-musl", "aarch64-linux-musl" => "aarch64-linux-musl",
              "arm64-darwin" => "aarch64-macos" }.freeze

  # With a function that no linker needs to know.
  SOURCE = "__attribute__((noinline, used)) static int inner(void) { return 1; } int one(void) { return inner(); }"

  module_function

  # @param path [String] without an extension
  # @return [String] the path of the library
  def library(path, platform, *arguments, source: SOURCE, target: TARGETS.fetch(platform))
    path = "#{path}.#{platform.end_with?("darwin") ? "bundle" : "so"}"
    cache = File.join(NativeGem::TARGET, "native/zig")
    environment = { "ZIG_GLOBAL_CACHE_DIR" => cache, "ZIG_LOCAL_CACHE_DIR" => cache }
    File.write("#{path}.c", source)
    output, status = Open3.capture2e(environment, PROGRAM, "cc", "-target", target, "-shared", "-g", "-o", path, "#{path}.c", *arguments)
    raise "zig failed:\n#{output}" unless status.success?

    path
  end
end
