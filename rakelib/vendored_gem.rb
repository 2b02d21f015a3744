# frozen_string_literal: true

require "fileutils"
require "json"
require "open3"
require "rubygems/package"
require "tmpdir"
require_relative "licenses"

# The source gem with all in it that its installation would download, for building where there is no network: the crates, and the gem
# rb_sys, so that one file can be installed with `gem install --local`. `cargo vendor` fetches the crates; those that no platform of ours
# compiles (Windows', the tests') are emptied, because cargo wants them to be there and no more.
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
    Dir.mktmpdir do |folder|
      spec = fill(folder)
      path = File.join(ROOT, "pkg/vendored", "#{spec.full_name}.gem")
      FileUtils.mkdir_p(File.dirname(path))
      Dir.chdir(folder) { Gem::Package.build(spec, false, false, path) }
      path
    end
  end

  # Puts what is in the gem into a folder.
  #
  # @return [Gem::Specification]
  def fill(folder)
    spec = Dir.chdir(ROOT) { Gem::Specification.load(File.join(ROOT, "gitlab-mail_room.gemspec")).dup }
    stage(spec, folder)
    spec.files += vendor(folder)
    spec.files += bring_rb_sys(spec, folder)
    spec
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

  # Instead of a dependency, the Ruby part of rb_sys, which writes the Makefile, where extconf.rb looks for it. Its licences are those of
  # the crate rb-sys, which is made from the same repository.
  #
  # @return [Array<String>] the files that this has added
  def bring_rb_sys(spec, folder)
    dependency = spec.dependencies.find { |wanted| wanted.name == "rb_sys" }
    spec.dependencies.delete(dependency)
    FileUtils.mkdir_p(place = File.join(folder, "rb_sys"))
    FileUtils.cp_r(File.join(dependency.to_spec.gem_dir, "lib"), place)
    FileUtils.cp(Dir.glob(File.join(folder, "vendor/rb-sys-[0-9]*/LICENSE-*")), place)
    Dir.glob("rb_sys/**/*", base: folder).select { |file| File.file?(File.join(folder, file)) }
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
