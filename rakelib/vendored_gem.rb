# frozen_string_literal: true

require "fileutils"
require "json"
require "open3"
require "rubygems/package"
require "tmpdir"
require_relative "licenses"

# The source gem with its crates in it, for building where no crates can be downloaded. `cargo vendor` fetches them; those that no platform
# of ours compiles (Windows', the tests') are emptied, because cargo wants them to be there and no more.
class VendoredGem
  ROOT = File.expand_path("..", __dir__)
  CONFIG = <<~TOML

    [source.crates-io]
    replace-with = "vendored"

    [source.vendored]
    directory = "vendor"
  TOML
  private_constant :CONFIG

  # @return [String] the path of the gem, in pkg/vendored
  def build
    spec = Dir.chdir(ROOT) { Gem::Specification.load(File.join(ROOT, "gitlab-mail_room.gemspec")).dup }
    path = File.join(ROOT, "pkg/vendored", "#{spec.full_name}.gem")
    FileUtils.mkdir_p(File.dirname(path))
    Dir.mktmpdir do |folder|
      stage(spec, folder)
      spec.files += vendor(folder)
      Dir.chdir(folder) { Gem::Package.build(spec, false, false, path) }
    end
    path
  end

  private

  def stage(spec, folder)
    spec.files.each do |file|
      FileUtils.mkdir_p(File.dirname(File.join(folder, file)))
      FileUtils.cp(File.join(ROOT, file), File.join(folder, file))
    end
  end

  # @return [Array<String>] the files that this has added
  def vendor(folder)
    output, status = Open3.capture2e("cargo", "vendor", "--locked", "--versioned-dirs", "--quiet", "vendor", chdir: folder)
    raise "cargo vendor failed:\n#{output}" unless status.success?

    compiled = Licenses.new.crates.map { |crate| "#{crate.name}-#{crate.version}" }
    Dir.children(File.join(folder, "vendor")).each { |name| empty(File.join(folder, "vendor", name)) unless compiled.include?(name) }
    FileUtils.mkdir_p(File.join(folder, ".cargo"))
    # cargo looks for it in the folders above the one that it runs in.
    File.write(File.join(folder, ".cargo/config.toml"), File.read(File.join(ROOT, ".cargo/config.toml")) + CONFIG)
    Dir.glob("{vendor/**/*,.cargo/config.toml}", File::FNM_DOTMATCH, base: folder).select { |file| File.file?(File.join(folder, file)) }
  end

  # Leaves the manifest, which says what depends on what, and a library without anything in it.
  def empty(crate)
    sum = JSON.parse(File.read(File.join(crate, ".cargo-checksum.json"))).fetch("package")
    (Dir.children(crate) - ["Cargo.toml"]).each { |name| FileUtils.rm_rf(File.join(crate, name)) }
    manifest = File.read(File.join(crate, "Cargo.toml"))
    [*manifest.scan(/^path = "([^"]+\.rs)"/).flatten, "src/lib.rs"].uniq.each do |source|
      FileUtils.mkdir_p(File.dirname(File.join(crate, source)))
      File.write(File.join(crate, source), "")
    end
    File.write(File.join(crate, ".cargo-checksum.json"), JSON.generate("files" => {}, "package" => sum))
  end
end
