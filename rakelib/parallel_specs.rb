# frozen_string_literal: true

require "etc"
require "json"
require "open3"
require "rbconfig"
require "tempfile"

# Runs the specs in several processes side by side: most of their time they wait for a server, a deadline or a backoff. Each process takes
# the next few examples when it is through with its last ones, and ports that no other takes (SPEC_PORTS, spec/support/server_process.rb).
# Deadlines are missed on a busy machine. What fails runs a second time when nothing runs beside it, and has to pass then.
# RSpec and the test servers are loaded once, before the processes fork: loading them takes longer than many an example.
class ParallelSpecs
  ROOT = File.expand_path("..", __dir__)
  # Examples that talk to servers take seconds each, the others milliseconds. Starting servers costs a second or two.
  SLOW = %r{\A\./spec/(end_to_end/|mail_room/(check/|check_command|cli|doors|mailbox_watcher|coordinator)|contrib|signatures)}
  AT_ONCE = { slow: 6, quick: 80 }.freeze
  # One example takes as long as a group of others. At the end nothing would be left to run beside it.
  FIRST = /memory|rails|active_job|signatures|network|survival|hanging|stopped/
  # A few may have been late. More than that is no coincidence.
  MOST_SECOND_RUNS = 6
  # Characters.
  MOST_OF_A_MESSAGE = 1_000
  private_constant :SLOW, :AT_ONCE, :FIRST, :MOST_SECOND_RUNS, :MOST_OF_A_MESSAGE

  # What became of the examples that one process ran.
  Group = Struct.new(:ids, :report, :output, :passed) do
    def examples = report.fetch("examples", [])

    def seconds = report.dig("summary", "duration")&.round

    def failed = examples.select { |example| example["status"] == "failed" }

    # Whether something failed that is no example: the process was killed, a file cannot be read, a server was left behind.
    def broken?
      examples.size != ids.size || report.dig("summary", "errors_outside_of_examples_count") != 0 || (failed.empty? && !passed)
    end

    # The ids of those to run again.
    def again = broken? ? ids : failed.map { |example| example["id"] }

    # How often something failed.
    def failures = failed.size + (broken? ? 1 : 0)

    # What specs print of their measurements, or what failed, with the seed.
    def said
      lines = output.lines.grep(/\d (MB|s)\b(?!econds)|one request/).reject { |line| line.start_with?("Finished") }
      [passed ? lines : output, "#{ids.first}: #{examples.size} of #{ids.size} examples, #{failures} failures, #{seconds} s"]
    end
  end
  private_constant :Group

  # @param workers [Integer] processes
  def initialize(workers = [4, Etc.nprocessors * 3].max)
    @workers = workers
    @lock = Mutex.new
    @groups = []
  end

  # Prints what fails as it fails, and the sum.
  #
  # @return [Boolean] whether every example has run and passed
  def run
    Dir.chdir(ROOT)
    @queue = jobs
    preload
    Array.new(@workers) { |number| Thread.new { work(number) } }.each(&:join)
    failures = @groups.sum(&:failures)
    puts slowest, failed, "#{@groups.sum { |group| group.examples.size }} examples, #{failures} failures"
    failures.zero? || (failures <= MOST_SECOND_RUNS && second_run)
  end

  private

  # Not spec_helper, which gives each process a seed.
  def preload
    $LOAD_PATH.unshift(File.join(ROOT, "lib"))
    require "rspec"
    require "rspec/core/formatters/json_formatter"
    require "mail_room"
    Dir[File.join(ROOT, "spec/support/*.rb")].each { |file| require file }
  end

  # The ids of the examples, in groups; the slow ones first, so that the last process does not begin a long one at the end.
  def jobs
    slow, quick = examples.partition { |id| id.match?(SLOW) }
    files = slow.group_by { |id| id[/[^\[]+/] }.sort_by { |file, ids| [file.match?(FIRST) ? 0 : 1, -ids.size] }
    files.flat_map { |_file, ids| ids.each_slice(AT_ONCE[:slow]).to_a } + quick.each_slice(AT_ONCE[:quick]).to_a
  end

  def examples
    output, status = Open3.capture2(*rspec, "--dry-run", "--order", "defined", "--format", "json")
    raise "the specs cannot be listed:\n#{output}" unless status.success?

    JSON.parse(output[/^\{.*\}$/]).fetch("examples").map { |example| example.fetch("id") }
  end

  def work(number)
    while (ids = @lock.synchronize { @queue.shift })
      group = run_apart(number, ids)
      @lock.synchronize do
        @groups << group
        puts group.said
        $stdout.flush
      end
    end
  end

  # In a process of its own.
  def run_apart(number, ids)
    report, output = Array.new(2) { Tempfile.new("specs") }
    pid = fork do
      [$stdout, $stderr].each { |stream| stream.reopen(output) }
      $stdin.reopen(File::NULL)
      ENV["SPEC_PORTS"] = "#{number}/#{@workers}"
      exit(RSpec::Core::Runner.run(["--format", "progress", "--format", "json", "--out", report.path, *ids]))
    end
    status = Process.wait2(pid).last
    read = File.read(report.path)
    Group.new(ids, read.empty? ? {} : JSON.parse(read), File.read(output.path), status.success?)
  ensure
    [report, output].compact.each(&:close!)
  end

  def second_run
    ids = @groups.flat_map(&:again)
    puts "", "What failed, once more and alone:", ids
    system({ "SPEC_PORTS" => "0/#{@workers}" }, *rspec, *ids)
  end

  def slowest
    @groups.flat_map(&:examples).max_by(15) { |example| example["run_time"] }.map do |example|
      format("%5.1f s  %s  %s", example["run_time"], example["id"], example["full_description"][0, 90])
    end
  end

  # Once more at the end: what was printed as it failed is far above.
  def failed
    broken = @groups.select(&:broken?).map do |group|
      "\n#{group.ids.first} and those run with it:\n#{group.output.chars.last(MOST_OF_A_MESSAGE).join}"
    end
    broken + @groups.flat_map(&:failed).map do |example|
      error = example.fetch("exception", {})
      "\n#{example["id"]}  #{example["full_description"]}\n#{error["class"]}: #{error["message"].to_s[0, MOST_OF_A_MESSAGE]}\n"
    end
  end

  def rspec = [RbConfig.ruby, Gem.bin_path("rspec-core", "rspec")]
end

if $PROGRAM_NAME == __FILE__
  specs = ParallelSpecs.new(*ENV.fetch("SPEC_JOBS", nil)&.to_i)
  exit(specs.run)
end
