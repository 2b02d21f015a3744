# frozen_string_literal: true

require "json"
require "open3"
require_relative "standard_library"

# THIRD_PARTY_LICENSES.txt: what the library is made of, each crate with its licence, and the texts that the licences ask to be passed on.
# Judges nothing: which licences are allowed is in deny.toml.
class Licenses
  ROOT = File.expand_path("..", __dir__)
  PATH = File.join(ROOT, "THIRD_PARTY_LICENSES.txt")
  # The platforms with a compiled gem.
  TARGETS = %w[x86_64-unknown-linux-gnu aarch64-unknown-linux-gnu x86_64-unknown-linux-musl aarch64-unknown-linux-musl
               aarch64-apple-darwin].freeze
  # Texts beside a crate's sources; `LICENSE-3rdparty.csv` and the like are none.
  TEXTS = /\A(licen[cs]e|copying|copyright|notice|unlicense)([-_.](?!.*\.(csv|html|toml)\z)|\z)/i
  private_constant :TEXTS

  # A crate of the library.
  Crate = Struct.new(:name, :version, :license, :repository, :folder) do
    def title = "#{name} #{version}"
  end

  # @return [Array<Crate>] whatever is compiled for any of the platforms, code of build scripts among it, and what only a Ruby without
  #   stored bindings needs; ours is left out
  def crates
    @crates ||= begin
      wanted = TARGETS.flat_map { |target| names(target) }.uniq
      all = packages.to_h { |crate| [crate.title, crate] }
      wanted.map { |title| all.fetch(title) }.reject { |crate| crate.folder.start_with?(ROOT) }.sort_by(&:title)
    end
  end

  # @return [String]
  def to_s
    <<~HEAD + texts.map { |text, users| "#{"=" * 80}\n#{users.join(", ")}\n#{"-" * 80}\n#{text}\n" }.join
      The compiled library of gitlab-mail_room contains these crates, or was built with them. Made by `rake licenses`.

      #{list(crates)}

      It also contains what it uses of Rust's standard library, which is made of these crates, in the versions that come with the Rust that
      compiled it.

      #{list(StandardLibrary::CRATES)}

      #{StandardLibrary::NOTICE}
      The gem of `rake package:vendored` contains the Ruby gem rb_sys, too: MIT OR Apache-2.0 (https://github.com/oxidize-rb/rb-sys).

      The texts of their licences, each beneath those that it comes with:

    HEAD
  end

  private

  def names(target)
    tree = cargo("tree", "--package", "mail_room_native", "--all-features", "--edges", "normal,build", "--prefix", "none", "--target",
                 target)
    tree.lines.map { |line| line[/\A(\S+) v(\S+)/] && "#{Regexp.last_match(1)} #{Regexp.last_match(2)}" }.compact.uniq
  end

  def packages
    JSON.parse(cargo("metadata", "--all-features", "--format-version", "1")).fetch("packages").map do |package|
      license = (package["license"] || "see below").gsub(%r{\s*/\s*}, " OR ")
      Crate.new(package["name"], package["version"], license, package["repository"], File.dirname(package["manifest_path"]))
    end
  end

  def list(some)
    some.map { |crate| "#{crate.title}: #{crate.license}#{" (#{crate.repository})" if crate.repository}" }.join("\n")
  end

  # The same text is printed once, whatever its line breaks.
  def texts
    found = Hash.new { |hash, key| hash[key] = [nil, []] }
    files_by_title.each do |title, path|
      text = File.read(path, encoding: "UTF-8").scrub.delete("\r").gsub(/[ \t]+$/, "").strip
      entry = found[text.gsub(/\s+/, " ")]
      entry[0] ||= text
      entry[1] |= [title]
    end
    found.values
  end

  # @return [Array<(String, String)>] what comes with which file
  def files_by_title
    own = crates.flat_map { |crate| files(crate).map { |path| [crate.title, path] } }
    own + StandardLibrary::CRATES.flat_map { |crate| shared_files(crate).map { |path| [crate.title, path] } }
  end

  def shared_files(crate)
    crate.texts.flat_map do |name, pattern|
      files(crates.reverse.find { |candidate| candidate.name == name }).select { |path| File.basename(path).match?(pattern) }
    end
  end

  def files(crate)
    beside = Dir.children(crate.folder).grep(TEXTS).map { |name| File.join(crate.folder, name) }
    (beside + Dir.glob(File.join(crate.folder, "LICENSES/*"))).select { |path| File.file?(path) }.sort
  end

  def cargo(*arguments)
    output, error, status = Open3.capture3("cargo", *arguments, "--locked", "--offline", chdir: ROOT)
    raise "cargo #{arguments.first} failed:\n#{error}" unless status.success?

    output
  end
end
