# frozen_string_literal: true

require "tmpdir"

# What hangs for ever, in a system call that has no deadline: it holds up nothing else, and not the end.
RSpec.describe "hanging", :servers do
  around { |example| Dir.mktmpdir { |folder| (@folder = folder) && example.run } }

  let(:user) { dovecot.new_user }

  def jobs = redis.call("LLEN", "queue:mails")

  def path(name) = File.join(@folder, name)

  # A pipe that nobody opens.
  def pipe(name)
    path(name).tap { |file| File.mkfifo(file) }
  end

  # A pipe that is full and that nobody reads.
  def full_pipe(name)
    (@held ||= []) << (file = File.open(pipe(name), "r+"))
    loop { break if file.write_nonblock("x" * 65_536, exception: false) == :wait_writable }
    file.path
  end

  after { @held&.each(&:close) }

  def expect_deliveries(process)
    2.times do |turn|
      dovecot.append(user, Mails.plain(turn))
      wait_until(20, -> { "#{turn + 1} jobs; said:\n#{process.everything_said[-3000..] || process.everything_said}" }) { jobs == turn + 1 }
    end
    wait_until(20, "all to be seen") { dovecot.uids(user, "UNSEEN").empty? }
  end

  def expect_end(process, within = 12)
    began = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    expect(process.term(within + 20).exitstatus).to eq(0)
    expect(Process.clock_gettime(Process::CLOCK_MONOTONIC) - began).to be < within
  end

  def refused(number, **rest) = mailbox("x#{number}@example.com", port: 1, **rest)

  it "standard error that nobody reads, where mailboxes without a log complain" do
    troubled = Array.new(50) { |number| refused(number, logger: {}) }
    # Said at the start, in Ruby.
    troubled.first[:no_such_option] = 1
    process = mail_room(*troubled, mailbox(user), err: full_pipe("err"))
    expect_deliveries(process)
    expect_end(process)
  end

  it "standard output that nobody reads, as a log and as a delivery" do
    options = { delivery_method: "logger", delivery_options: {}, arbitration_method: "noop", arbitration_options: {} }
    stuck = Array.new(6) do
      name = dovecot.new_user
      dovecot.append(name, Mails.plain(7))
      mailbox(name, **options)
    end
    process = mail_room(refused(0, logger: { log_path: "STDOUT" }), *stuck, mailbox(user, host: "localhost"), out: full_pipe("out"))
    wait_until(40, "all to pause") do
      process.log.select { |line| line["action"] == "Delivery paused" && line["error"].include?("nobody reads it") }
        .map { |line| line["context"]["email"] }.uniq.size == stuck.size
    end
    # A connection is made, its name looked up, while all of them hang.
    process.await_log("Idling")
    dovecot.kick(user)
    expect_deliveries(process)
    expect_end(process, 20)
  end

  it "log files that cannot be opened" do
    logs = Array.new(5) { |number| refused(number, logger: { log_path: pipe("log#{number}") }) }
    process = mail_room(*logs, mailbox(user))
    expect_deliveries(process)
    expect_end(process)
  end

  it "files that nobody writes to: tokens, secrets, authorities, certificates" do
    files = Array.new(5) { |number| { auth: { token_file: pipe("token#{number}") }, password: nil }.compact } +
            Array.new(5) { |number| { ssl: { ca_file: pipe("ca#{number}") } } } +
            Array.new(5) { |number| { ssl: { verify_mode: "none", cert: pipe("cert#{number}"), key: pipe("key#{number}") } } }
    names = Array.new(15) { dovecot.new_user }
    hanging = names.zip(files).map { |name, options| mailbox(name, **options).tap { |it| it.delete(:password) if options[:auth] } }
    names = Array.new(5) { dovecot.new_user }
    hanging += names.each_with_index.map do |name, number|
      dovecot.append(name, Mails.plain(9))
      secret = pipe("secret#{number}")
      mailbox(name, arbitration_method: "noop", arbitration_options: {}, delivery_method: "postback",
                    delivery_options: { delivery_url: "http://127.0.0.1:1/", jwt_auth_header: "X", jwt_issuer: "i", jwt_algorithm: "HS256",
                                        jwt_secret_path: secret })
    end
    process = mail_room(*hanging, mailbox(user, host: "localhost"))
    expect_deliveries(process)
    said = %w[token_file ca_file cert jwt_secret_path]
    wait_until(30, -> { "all to be named: #{process.everything_said[-3000..]}" }) do
      said.all? { |option| process.log.any? { |line| line["error"].to_s.match?(%r{#{option} #{@folder}/\w+ cannot be read within}) } }
    end
    expect_end(process)
  end

  it "names that the resolver never answers for" do
    File.write(path("hang.c"), <<~SOURCE)
      #define _GNU_SOURCE
      #include <dlfcn.h>
      #include <netdb.h>
      #include <string.h>
      #include <unistd.h>
      typedef int lookup(const char *, const char *, const struct addrinfo *, struct addrinfo **);
      int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
        while (name && strncmp(name, "hang", 4) == 0) pause();
        return ((lookup *)dlsym(RTLD_NEXT, "getaddrinfo"))(name, service, hints, found);
      }
    SOURCE
    expect(system("cc", "-shared", "-fPIC", "-o", path("hang.so"), path("hang.c"), "-ldl")).to be(true)
    hanging = Array.new(40) { |number| refused(number, host: "hang#{number}.example.com") }
    post = { delivery_method: "postback", delivery_options: { delivery_url: "http://hang-too.example.com/" }, arbitration_method: "noop",
             arbitration_options: {} }
    other = dovecot.new_user
    dovecot.append(other, Mails.plain(9))
    process = mail_room(*hanging, mailbox(other, **post), mailbox(user, host: "localhost"), env: { "LD_PRELOAD" => path("hang.so") })
    expect_deliveries(process)
    wait_until(30, "the names to be named") do
      process.log.count { |line| line["error"].to_s.match?(/hang\d+.*was not resolved within 10 s/) } >= 40
    end
    expect_end(process)
  end
end
