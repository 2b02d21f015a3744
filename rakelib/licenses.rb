# frozen_string_literal: true

require "json"
require "open3"

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

  # @return [Array<Crate>] whatever is compiled for any of the platforms, code of build scripts among it; ours is left out
  def crates
    @crates ||= begin
      wanted = TARGETS.flat_map { |target| names(target) }.uniq
      all = packages.to_h { |crate| [crate.title, crate] }
      wanted.map { |title| all.fetch(title) }.reject { |crate| crate.folder.start_with?(ROOT) }.sort_by(&:title)
    end
  end

  # @return [String]
  def to_s
    list = crates.map { |crate| "#{crate.title}: #{crate.license}#{" (#{crate.repository})" if crate.repository}" }
    <<~HEAD + texts.map { |text, users| "#{"=" * 80}\n#{users.join(", ")}\n#{"-" * 80}\n#{text}\n" }.join
      The compiled library of gitlab-mail_room contains these crates, or was built with them. Made by `rake licenses`.

      #{list.join("\n")}

      The texts of their licences, each beneath those that it comes with:

    HEAD
  end

  private

  def names(target)
    tree = cargo("tree", "--package", "mail_room_native", "--edges", "normal,build", "--prefix", "none", "--target", target)
    tree.lines.map { |line| line[/\A(\S+) v(\S+)/] && "#{Regexp.last_match(1)} #{Regexp.last_match(2)}" }.compact.uniq
  end

  def packages
    JSON.parse(cargo("metadata", "--format-version", "1")).fetch("packages").map do |package|
      license = (package["license"] || "see below").gsub(%r{\s*/\s*}, " OR ")
      Crate.new(package["name"], package["version"], license, package["repository"], File.dirname(package["manifest_path"]))
    end
  end

  # The same text is printed once, whatever its line breaks.
  def texts
    found = Hash.new { |hash, key| hash[key] = [nil, []] }
    crates.each do |crate|
      files(crate).each do |path|
        text = File.read(path, encoding: "UTF-8").scrub.delete("\r").gsub(/[ \t]+$/, "").strip
        entry = found[text.gsub(/\s+/, " ")]
        entry[0] ||= text
        entry[1] |= [crate.title]
      end
    end
    found.values
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
