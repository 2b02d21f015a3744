# frozen_string_literal: true

require_relative "../../rakelib/compiled_library"
require_relative "zig"

# What keeps a library from being released.
RSpec.describe CompiledLibrary, :native do
  around { |example| Dir.mktmpdir { |folder| Dir.chdir(folder) { example.run } } }

  def library(platform, *arguments, **options) = described_class.new(Zig.library("library", platform, *arguments, **options), platform)

  # The symbols of Mach-O, the sections of ELF.
  def contents(path, platform)
    command = platform.end_with?("darwin") ? %w[llvm-objdump --macho --syms] : %w[readelf --wide --sections]
    Open3.capture2(*command, path).first
  end

  NativeGem::PLATFORMS.each do |platform|
    it "takes the debug information out of a library for #{platform}, and keeps it" do
      built = library(platform)
      stripped = built.strip("stripped/library", debug: "debug/library.debug")
      expect([built.faults, stripped.faults]).to eq([[], []])
      left, kept = %w[stripped/library debug/library.debug].map { |path| contents(path, platform) }
      if platform.end_with?("darwin")
        expect([left.scan(/ _(\w+)$/).flatten, kept.scan(/ _(\w+)$/).flatten]).to match([["one"], include("one", "inner")])
      else
        expect([left, kept]).to match([/\.gnu_debuglink/, /\.debug_line/])
        expect(left).not_to match(/\.debug_|\.symtab/)
      end
    end

    it "refuses for #{platform} a library that links one of its own" do
      library = library(platform, "-Wl,#{platform.end_with?("darwin") ? "-install_name" : "-soname"},libours.so.1")
      File.rename(library.path, "libours.so.1")
      expect(library(platform, "libours.so.1", source: "int one(void); int two(void) { return one(); }").faults)
        .to eq(["links libours.so.1"])
    end

    it "refuses for #{platform} a library for another processor" do
      other = platform.start_with?("x86_64") ? platform.sub("x86_64", "aarch64") : platform.sub(/\A[^-]+/, "x86_64")
      library = Zig.library("library", platform, target: Zig::TARGETS.fetch(platform).sub(/\A[^-]+/, other[/\A[^-]+/]))
      expect(described_class.new(library, platform).faults).to include("is not for #{platform[/\A[^-]+/]}")
    end
  end

  it "refuses a library that asks for a newer glibc" do
    source = "void arc4random_buf(void *, unsigned long); void one(void *to) { arc4random_buf(to, 1); }"
    %w[x86_64 aarch64].each do |cpu|
      library = library("#{cpu}-linux", source: source, target: "#{cpu}-linux-gnu.2.36")
      expect(library.faults).to eq(["asks for GLIBC_2.36, which is not in glibc #{CompiledLibrary::GLIBC}"])
    end
  end

  it "refuses a library for macOS that is not signed" do
    library = Zig.library("library", "arm64-darwin", target: "x86_64-macos") # only that for ARM is signed by the linker
    expect(described_class.new(library, "arm64-darwin").faults).to include(/\Ahas no signature/)
  end

  it "refuses a gem that is too big" do
    # What cannot be packed any smaller.
    File.binwrite("random", Random.bytes(NativeGem::LIMIT / 3))
    path = library("x86_64-linux", source: <<~'C').path
      __asm__(".section .rodata\n.globl much\nmuch: .incbin \"random\"");
      extern const char much[];
      const char *one(void) { return much; }
    C
    expect { NativeGem.package(%w[3.1 3.2 3.3].to_h { |version| [version, path] }, "x86_64-linux", folder: Dir.pwd) }
      .to raise_error(/cannot be released: x86_64-linux has 16\d{6} octets, more than 16000000/)
    expect(Dir.glob("*.gem")).to eq([])
  end

  it "refuses to package without a library for each Ruby of a release" do
    FileUtils.mkdir_p("3.1")
    FileUtils.touch("3.1/mail_room_native.so")
    environment = { "LIBRARIES" => Dir.pwd, "PLATFORM" => "x86_64-linux" }
    said, status = Open3.capture2e(environment, "rake", "native:package", chdir: NativeGem::ROOT)
    expect([said, status.success?]).to eq(["no library for Ruby 3.2, 3.3, 3.4, 4.0 below #{Dir.pwd}\n", false])
  end

  it "refuses a library that is too big, and a gem that has it" do
    library = library("x86_64-linux", source: "const char much[8000000] = {1}; const char *one(void) { return much; }")
    expect(library.faults).to match([/\Ahas \d+ octets, more than 8000000\z/])
    expect { NativeGem.package({ "3.1" => library.path }, "x86_64-linux", folder: Dir.pwd) }
      .to raise_error(/cannot be released: x86_64-linux, Ruby 3\.1 has \d+ octets, more than 8000000/)
    expect(Dir.glob("*.gem")).to eq([])
  end
end
