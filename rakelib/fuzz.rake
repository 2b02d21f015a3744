# frozen_string_literal: true

# What cargo-fuzz does with `-s none`, done directly: it needs no nightly compiler and no cargo-fuzz, and has no sanitizer. Safe Rust
# needs none to notice a panic; what is built with debug assertions notices an overflow, too.
FUZZ_FLAGS = %w[
  --cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
  -Cllvm-args=-sanitizer-coverage-pc-table -Cdebug-assertions -Ccodegen-units=1
].freeze

desc "Fuzz the matcher and the IMAP stream, for FUZZ_SECONDS (60) each"
task :fuzz do
  puts "fuzzing without a sanitizer (-s none): the compiler is a stable one"
  # With a target named, the flags are not those of build scripts.
  host = `rustc -vV`[/^host: (.+)$/, 1]
  folder = File.join(ENV.fetch("CARGO_TARGET_DIR", "target"), "fuzz")
  sh({ "RUSTFLAGS" => FUZZ_FLAGS.join(" ") }, "cargo", "build", "--release", "--locked", "--target", host, "--target-dir", folder,
     "--manifest-path", "ext/mail_room_core/fuzz/Cargo.toml")
  %w[matcher stream].each do |target|
    corpus = File.join(folder, "corpus", target)
    mkdir_p corpus, verbose: false
    fuzz_seeds(target).each_with_index { |seed, number| File.binwrite(File.join(corpus, "case-#{number}"), seed) }
    sh File.join(folder, host, "release", target), "-max_total_time=#{ENV.fetch("FUZZ_SECONDS", "60")}", "-max_len=8192",
       "-timeout=30", "-artifact_prefix=#{folder}/", corpus
  end
end

# Inputs to begin with: whatever the tests of the target are made of.
def fuzz_seeds(target)
  if target == "matcher"
    lines = File.readlines("ext/mail_room_matching/tests/matcher/addresses.txt").reject { |line| line.start_with?("#") }
    lines.map { |line| line.split("|")[1].to_s.strip.gsub('\r', "\r").gsub('\n', "\n").gsub('\t', "\t") }
  else
    source = File.read("ext/mail_room_core/src/transport/imap_stream/admit.rs")
    source.scan(/\("([*+A][^"\\]*(?:\\.[^"\\]*)*)"/).map { |(line)| "#{line.gsub('\"', '"').gsub('\r\n', "\r\n")}\r\n" }
  end
end
