# frozen_string_literal: true

# What cargo-fuzz does with `-s none`, done directly: it needs no nightly compiler and no cargo-fuzz, and has no sanitizer. Safe Rust
# needs none to notice a panic; what is built with debug assertions notices an overflow, too.
FUZZ_FLAGS = %w[
  --cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
  -Cllvm-args=-sanitizer-coverage-pc-table -Cdebug-assertions -Ccodegen-units=1
].freeze

desc "Fuzz the matcher for FUZZ_SECONDS (60)"
task :fuzz do
  puts "fuzzing without a sanitizer (-s none): the compiler is a stable one"
  # With a target named, the flags are not those of build scripts.
  host = `rustc -vV`[/^host: (.+)$/, 1]
  folder = File.join(ENV.fetch("CARGO_TARGET_DIR", "target"), "fuzz")
  sh({ "RUSTFLAGS" => FUZZ_FLAGS.join(" ") }, "cargo", "build", "--release", "--locked", "--target", host, "--target-dir", folder,
     "--manifest-path", "ext/mail_room_core/fuzz/Cargo.toml")
  corpus = File.join(folder, "corpus", "matcher")
  mkdir_p corpus, verbose: false
  File.foreach("ext/mail_room_core/tests/matcher/addresses.txt").with_index do |line, number|
    next if line.start_with?("#")

    seed = line.split("|")[1].to_s.strip.gsub('\r', "\r").gsub('\n', "\n").gsub('\t', "\t")
    File.binwrite(File.join(corpus, "case-#{number}"), seed)
  end
  sh File.join(folder, host, "release", "matcher"), "-max_total_time=#{ENV.fetch("FUZZ_SECONDS", "60")}", "-max_len=8192",
     "-timeout=5", "-artifact_prefix=#{folder}/", corpus
end
