# frozen_string_literal: true

require "tmpdir"

RSpec.describe MailRoom::MatchCommand do
  around { |example| Dir.mktmpdir { |dir| Dir.chdir(dir) { example.run } } }

  before do
    File.binwrite("yes.eml", "To: incoming+k\e@gl.test\r\n\r\n")
    File.binwrite("no.eml", "To: you@gl.test\r\n\r\n")
  end

  def run(*argv) = MailRoom::CLI.run(["match", *argv])

  it "prints what a message is for, without its control characters, and tells by its status whether all are accepted" do
    expect { expect(run("--address", "incoming+%{key}@gl.test", "yes.eml")).to eq(0) }
      .to output("yes.eml: accepted: key k?, source to, feature unknown (a header carries a key)\n").to_stdout
    expect { expect(run("--address", "incoming+%{key}@gl.test", "yes.eml", "no.eml")).to eq(1) }
      .to output(/\nno.eml: unmatched: key -, source -, feature - \(no header names an address of ours\)\n\z/).to_stdout
  end

  it "prints JSON" do
    expect { run("--json", "--address", "incoming+%{key}@gl.test", "yes.eml") }.to output(
      "#{JSON.generate({ file: "yes.eml", verdict: "accepted", key: "k\e", source: "to", address: "incoming+k\e@gl.test",
                         feature: "unknown", project_id: nil, project_path: nil, reply_key: nil, reason: "a header carries a key" })}\n"
    ).to_stdout
  end

  it "prints the parts of a partitioned token where there is one" do
    File.binwrite("partitioned.eml", "To: incoming+1a-0123456789abcdefghijklmno@gl.test\r\n\r\n")
    parts = { "reply_key" => "0123456789abcdefghijklmno", "partition" => "1a" }
    expect { run("--json", "--address", "incoming+%{key}@gl.test", "partitioned.eml") }
      .to output(satisfy { |text| JSON.parse(text).slice("reply_key", "partition", "namespace_id") == parts }).to_stdout
  end

  it "explains every header that it looked at" do
    headers = ["To: you@gl.test, Jane <incoming+k\e@gl.test>", "References: <reply-k@gl.test>", "Cc: undisclosed", "Auto-Submitted: no",
               "X-Autoreply: yes", "X-Other: incoming+n@gl.test", "Delivered-To: help@acme.test"]
    File.binwrite("all.eml", headers.map { |header| "#{header}\r\n" }.join << "\r\n")
    arguments = ["--address", "incoming+%{key}@gl.test", "--accept", "help@*", "all.eml"]
    expect { run("--explain", *arguments) }.to output(<<~TEXT).to_stdout
      all.eml: auto_reply: key k?, source to, feature unknown (X-Autoreply says so)
        To: you@gl.test: not ours
        To: incoming+k?@gl.test: key k?
        References: not read, because there is no gitlab_host
        Cc: no address in it
        X-Autoreply: an automatic reply
        Delivered-To: help@acme.test: always accepted
    TEXT
    second = { "header" => "To", "address" => "incoming+k\e@gl.test", "outcome" => "key", "key" => "k\e" }
    expect { run("--json", "--explain", *arguments) }.to output(satisfy { |text| JSON.parse(text)["headers"][1] == second }).to_stdout
  end

  it "takes the options of a configuration" do
    File.write("config.yml", YAML.dump({ mailboxes: [{ email: "a@b", password: "x", name: "INBOX", delivery_method: "noop",
                                                       matching: { address: "you@gl.test", gitlab_host: "gl.test",
                                                                   also_accept: ["you@gl.test"] } }] }))
    expect { expect(run("-c", "config.yml", "no.eml")).to eq(0) }.to output(/\Ano.eml: accepted/).to_stdout
  end

  it "complains about what is missing" do
    expect { expect(run("--address", "incoming+%{key}@gl.test")).to eq(2) }.to output(/missing argument: FILE/).to_stderr
    expect { expect(run("--address", "incoming+%{key}@gl.test", "none")).to eq(1) }.to output(/cannot read none: No such file/).to_stderr
    expect { expect(run("none")).to eq(1) }.to output(/Field :address in Matcher is required/).to_stderr
  end
end
