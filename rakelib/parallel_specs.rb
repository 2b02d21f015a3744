# frozen_string_literal: true

require "etc"
require "json"
require "open3"
require "rbconfig"
require "tempfile"

# Runs the specs in several processes side by side: most of their time they wait for a server, a deadline or a backoff. Each process takes
# the next few examples when it is through with its last ones, and ports that no other takes (SPEC_PORTS, spec/support/server_process.rb).
# Deadlines are missed on a busy machine. What fails runs a second time when nothing runs beside it, and has to pass then.
class ParallelSpecs
  ROOT = File.expand_path("..", __dir__)
  # Examples that talk to servers take seconds each, the others milliseconds. Starting servers costs a second or two.
  SLOW = %r{\A\./spec/(end_to_end/|mail_room/(check/|check_command|cli|doors|mailbox_watcher|coordinator)|contrib|signatures)}
  AT_ONCE = { slow: 6, quick: 80 }.freeze
  # One example takes as long as a group of others. At the end nothing would be left to run beside it.
  FIRST = /memory|network|survival|hanging|stopped/
  # A few may have been late. More than that is no coincidence.
  MOST_SECOND_RUNS = 6
  private_constant :SLOW, :AT_ONCE, :FIRST, :MOST_SECOND_RUNS

  # @param workers [Integer] processes
  def initialize(workers = [4, Etc.nprocessors * 3].max)
    @workers = workers
    @lock = Mutex.new
    @summaries = []
    @examples = []
  end

  # Prints what fails as it fails, and the sum.
  #
  # @return [Boolean] whether every example has run and passed
  def run
    @queue = jobs
    expected = @queue.sum(&:size)
    Array.new(@workers) { |number| Thread.new { work(number) } }.each(&:join)
    examples, failures = @summaries.transpose.map(&:sum)
    puts slowest, "#{examples} examples, #{failures} failures"
    examples == expected && (failures.zero? || second_run(failures))
  end

  private

  # The ids of the examples, in groups; the slow ones first, so that the last process does not begin a long one at the end.
  def jobs
    slow, quick = examples.partition { |id| id.match?(SLOW) }
    files = slow.group_by { |id| id[/[^\[]+/] }.sort_by { |file, ids| [file.match?(FIRST) ? 0 : 1, -ids.size] }
    files.flat_map { |_file, ids| ids.each_slice(AT_ONCE[:slow]).to_a } + quick.each_slice(AT_ONCE[:quick]).to_a
  end

  def examples
    output, status = Open3.capture2(*rspec, "--dry-run", "--order", "defined", "--format", "json", chdir: ROOT)
    raise "the specs cannot be listed:\n#{output}" unless status.success?

    JSON.parse(output[/^\{.*\}$/]).fetch("examples").map { |example| example.fetch("id") }
  end

  def work(number)
    while (ids = @lock.synchronize { @queue.shift })
      report = Tempfile.new("specs")
      output, status = Open3.capture2e({ "SPEC_PORTS" => "#{number}/#{@workers}" }, *rspec, "--format", "progress", "--format", "json",
                                       "--out", report.path, *ids, chdir: ROOT)
      @lock.synchronize { take(ids, File.read(report.path), output, status) }
      report.close!
    end
  end

  def second_run(failures)
    failed = @examples.select { |example| example["status"] == "failed" }.map { |example| example["id"] }
    # The others are errors outside of examples.
    return false unless failed.size == failures && failed.size <= MOST_SECOND_RUNS

    puts "", "What failed, once more and alone:", failed
    system({ "SPEC_PORTS" => "0/#{@workers}" }, *rspec, *failed, chdir: ROOT)
  end

  def take(ids, report, output, status)
    result = report.empty? ? {} : JSON.parse(report)
    summary = result.fetch("summary", { "example_count" => 0, "failure_count" => 0, "errors_outside_of_examples_count" => 1 })
    failures = summary.values_at("failure_count", "errors_outside_of_examples_count").sum
    @summaries << [summary["example_count"], failures.zero? && !status.success? ? 1 : failures]
    @examples.concat(result.fetch("examples", []))
    # What specs print of their measurements, and what failed, with the seed.
    puts(status.success? ? output.lines.grep(/\d (MB|s)\b(?!econds)|one request/).reject { |line| line.start_with?("Finished") } : output)
    puts "#{ids.first}: #{summary["example_count"]} examples, #{failures} failures, #{summary["duration"]&.round} s"
    $stdout.flush
  end

  def slowest
    @examples.max_by(15) { |example| example["run_time"] }.map do |example|
      format("%5.1f s  %s  %s", example["run_time"], example["id"], example["full_description"][0, 90])
    end
  end

  def rspec = [RbConfig.ruby, Gem.bin_path("rspec-core", "rspec")]
end

if $PROGRAM_NAME == __FILE__
  specs = ParallelSpecs.new(*ENV.fetch("SPEC_JOBS", nil)&.to_i)
  exit(specs.run)
end
