# frozen_string_literal: true

require "yaml"
require_relative "../rakelib/native_gem"

# The release recipes cannot be run here. What can be checked of them is.
RSpec.describe "the release recipe" do
  let(:root) { File.expand_path("..", __dir__) }
  let(:platforms) { %w[x86_64-linux-gnu aarch64-linux-gnu x86_64-linux-musl aarch64-linux-musl arm64-darwin] }

  def yaml(path) = YAML.safe_load(File.read(File.join(root, path)), aliases: true)

  # Tasks of ours that a script calls.
  def tasks(text) = text.scan(/(?<![\w-])rake ([\w:]+)/).flatten.uniq

  def known = `cd #{root} && rake -P`.scan(/^rake (\S+)/).flatten

  describe "for GitHub" do
    let(:path) { ".github/workflows/release.yml" }
    let(:workflow) { yaml(path) }
    let(:jobs) { workflow.fetch("jobs") }
    let(:steps) { jobs.values.flat_map { |job| job.fetch("steps") } }

    it "uses no action but by its commit, with the version beside it" do
      used = File.read(File.join(root, path)).scan(/uses: (.*)$/).flatten
      expect(used).to all(match(%r{\A[\w.-]+/[\w./-]+@\h{40} # v\d[\d.]*\z}))
      expect(steps.filter_map { |step| step["uses"] }.size).to eq(used.size)
      # One action, one commit.
      expect(used.map { |use| use[/\A[^@]+/] }.uniq.size).to eq(used.uniq.size)
    end

    it "builds every platform's gem for every Ruby, and tests each where it can be run before anything is published" do
      matrix = jobs.dig("compiled", "strategy", "matrix")
      expect(matrix["include"].map { |entry| entry["gem"] }).to match_array(platforms)
      expect(matrix["include"].map { |entry| entry["platform"] }).to match_array(matrix["platform"])
      expect(workflow.dig("env", "RUBIES").split(",")).to eq(NativeGem::RUBIES)
      tested = jobs.dig("install", "strategy", "matrix", "system").map { |system| system["gem"] } + ["arm64-darwin"]
      expect(tested).to match_array(platforms)
      expect(jobs.dig("publish", "needs")).to match_array(%w[source install install-darwin])
      expect(jobs.keys).to include(*jobs.values.flat_map { |job| Array(job["needs"]) })
    end

    it "lets the job that publishes write, no other, and attests before it publishes" do
      expect(workflow["permissions"]).to eq("contents" => "read")
      expect(jobs.select { |_name, job| job.key?("permissions") }.keys).to eq(["publish"])
      order = jobs.dig("publish", "steps").map { |step| step["uses"] || step["run"] }
      expect(order.index { |step| step.include?("attest-build-provenance") }).to be < order.index { |step| step.include?("gem push") }
      expect(order.join).to include("sha256sum")
      expect(jobs.values.map { |job| job["timeout-minutes"] }).to all(be_between(1, 120))
    end

    it "calls tasks that there are" do
      called = tasks(steps.filter_map { |step| step["run"] }.join("\n"))
      expect(called).to include("package", "native:package", "deny")
      expect(called - known).to eq([])
    end
  end

  describe "for GitLab" do
    let(:pipeline) { yaml(".gitlab-ci.yml") }
    let(:jobs) { pipeline.select { |name, job| job.is_a?(Hash) && job.key?("script") && !name.start_with?(".") } }

    it "has the same platforms and Rubies, in stages that there are, with pinned images" do
      expect(jobs.dig("compiled", "parallel", "matrix").map { |entry| entry["GEM_PLATFORM"] }).to match_array(platforms)
      expect(pipeline.dig("variables", "RUBIES").split(",")).to eq(NativeGem::RUBIES)
      expect(jobs.values.map { |job| job["stage"] }.uniq).to eq(pipeline["stages"])
      expect(jobs.values.map { |job| job["image"] }).to all(match(/:(\d+\.\d+\.\d+|\$\{)/))
      expect(jobs.except("test", "deny").values.map { |job| job["extends"] }.uniq).to eq([".release"])
    end

    it "calls tasks that there are" do
      called = tasks(jobs.values.flat_map { |job| job["script"] }.join("\n"))
      expect(called).to include("package", "native:package", "deny")
      expect(called - known).to eq([])
    end
  end
end
