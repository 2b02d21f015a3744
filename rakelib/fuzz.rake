# frozen_string_literal: true

# What cargo-fuzz does with `-s none`, done directly: it needs no nightly compiler and no cargo-fuzz, and has no sanitizer. Safe Rust
# needs none to notice a panic; what is built with debug assertions notices an overflow, too.
FUZZ_FLAGS = %w[
  --cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
  -Cllvm-args=-sanitizer-coverage-pc-table -Cdebug-assertions -Ccodegen-units=1
].freeze

desc "Fuzz what reads mails, IMAP, certificates and replies of Redis, for FUZZ_SECONDS (60) each"
task :fuzz do
  puts "fuzzing without a sanitizer (-s none): the compiler is a stable one"
  # With a target named, the flags are not those of build scripts.
  host = `rustc -vV`[/^host: (.+)$/, 1]
  folder = File.join(ENV.fetch("CARGO_TARGET_DIR", "target"), "fuzz")
  sh({ "RUSTFLAGS" => FUZZ_FLAGS.join(" ") }, "cargo", "build", "--release", "--locked", "--target", host, "--target-dir", folder,
     "--manifest-path", "ext/mail_room_core/fuzz/Cargo.toml")
  %w[matcher stream certificate replies].each do |target|
    corpus = File.join(folder, "corpus", target)
    mkdir_p corpus, verbose: false
    fuzz_seeds(target).each_with_index { |seed, number| File.binwrite(File.join(corpus, "case-#{number}"), seed) }
    sh File.join(folder, host, "release", target), "-max_total_time=#{ENV.fetch("FUZZ_SECONDS", "60")}", "-max_len=8192",
       "-timeout=30", "-artifact_prefix=#{folder}/", corpus
  end
end

# Inputs to begin with: whatever the tests of the target are made of.
def fuzz_seeds(target)
  case target
  when "matcher"
    lines = File.readlines("ext/mail_room_matching/tests/matcher/addresses.txt").reject { |line| line.start_with?("#") }
    lines.map { |line| line.split("|")[1].to_s.strip.gsub('\r', "\r").gsub('\n', "\n").gsub('\t', "\t") }
  when "stream"
    source = File.read("ext/mail_room_core/src/transport/imap_stream/admit.rs")
    source.scan(/\("([*+A][^"\\]*(?:\\.[^"\\]*)*)"/).map { |(line)| "#{line.gsub('\"', '"').gsub('\r\n', "\r\n")}\r\n" }
  when "certificate"
    [%w[rsa:2048], %w[ec -pkeyopt ec_paramgen_curve:P-256], %w[ed25519]].map { |key| fuzz_certificate(key) }
  when "replies"
    ["+OK\r\n:1\r\n", "-NOAUTH Authentication required.\r\n", "*3\r\n*0\r\n$-1\r\n$4\r\na\r\nb\r\n", "*-1\r\n"]
  end
end

def fuzz_certificate(key)
  names = "subjectAltName=DNS:imap.example.com,DNS:*.example.com,IP:127.0.0.1,IP:::1,email:a@example.com"
  IO.popen(["openssl", "req", "-x509", "-nodes", "-newkey", *key, "-keyout", File::NULL, "-outform", "DER", "-subj",
            "/O=Example/CN=imap.example.com", "-addext", names, "-addext", "keyUsage=keyCertSign", { err: File::NULL }], &:read)
end
