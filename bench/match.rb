# frozen_string_literal: true

# Measures the speed of MailRoom::Matcher and of the `mail` gem (Debian: ruby-mail), which reads the same headers of the same mails, in one
# run. Both must find the same keys. Also measures headers that were made to be expensive.

$LOAD_PATH.unshift(File.expand_path("../lib", __dir__))
require "mail_room"
require "mail"

ADDRESS = "incoming+%{key}@gl.test"
# The headers that are read, in order, and how the gem reads them.
LOOKED_AT = %w[To References Delivered-To X-Delivered-To Envelope-To X-Envelope-To Received X-Original-To X-Forwarded-To Cc].freeze

# A mail as providers hand it on: traces, signatures, a thread.
def mail(number)
  <<~MAIL.gsub("\n", "\r\n")
    Return-Path: <jane@example.com>
    Received: from mx#{number}.example.com (mx.example.com [192.0.2.1])
    \tby mail.gl.test (Postfix) with ESMTPS id ABCDEF#{number}
    \tfor <gitlab@gl.test>; Mon, 1 Jan 2024 10:00:00 +0000 (UTC)
    DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=sel;
    \th=mime-version:from:date:message-id:subject:to; bh=#{"x" * 44};
    \tb=#{"y" * 170}
    MIME-Version: 1.0
    From: =?utf-8?Q?Jane_D=C3=B6?= <jane@example.com>
    Date: Mon, 1 Jan 2024 10:00:00 +0000
    Message-ID: <CA#{number}@mail.example.com>
    In-Reply-To: <issue_#{number}@gl.test>
    References: <issue_#{number}@gl.test> <note_#{number}@gl.test>
    Subject: Re: app | Something is off (##{number})
    To: GitLab <incoming+group-app-#{number}-token-issue@gl.test>
    Cc: "Doe, John" <john@example.com>, team@example.com
    Content-Type: text/plain; charset="UTF-8"

    #{"A line of text.\n" * 20}
  MAIL
end

def by_gem(raw, pattern)
  mail = Mail.new(raw)
  values = LOOKED_AT.map { |name| [mail.header[name]].flatten.compact.map(&:to_s) }
  return if mail.header["Auto-Submitted"].to_s == "auto-replied"

  values.flatten.flat_map { |value| value.split(/[\s,<>]+/) }.filter_map { |address| address[pattern, 1] }.first
end

# The best of three runs over all mails, in microseconds a mail.
def measure(mails, rounds, &block)
  Array.new(3) do
    began = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    rounds.times { mails.each(&block) }
    (Process.clock_gettime(Process::CLOCK_MONOTONIC) - began) * 1e6 / (mails.size * rounds)
  end.min
end

mails = Array.new(500) { |number| mail(number) }
pattern = /\A#{Regexp.escape(ADDRESS).sub('%\{key\}', "(.+)")}\z/i
matcher = MailRoom::Matcher.new(address: ADDRESS, gitlab_host: "gl.test")
abort "the keys differ" unless mails.all? { |raw| (key = matcher.match(raw).key) && key == by_gem(raw, pattern) }

gem_time = measure(mails, 1) { |raw| by_gem(raw, pattern) }
our_time = measure(mails, 20) { |raw| matcher.match(raw) }
puts format("mail gem %<gem>.1f us a mail, MailRoom::Matcher#match %<ours>.2f us, %<ratio>.0f times as fast",
            gem: gem_time, ours: our_time, ratio: gem_time / our_time)

# Pieces that a megabyte of a header is made of, or of the block: twice the length may take twice the time.
HOSTILE = {
  "commas" => ",", "100,000 addresses" => "abc@d.example, ", "nested comments" => "(", "quoted words" => '"a"', "groups" => "a@b:",
  "encoded words without an end" => "=?aa?q?x@ ", "folds" => "\r\n ", "headers of one address" => "x\r\nTo: a@b"
}.freeze

HOSTILE.each do |kind, piece|
  times = [1, 2, 4].map do |megabytes|
    raw = "To: a@b, #{piece * (megabytes * (1 << 20) / piece.bytesize)}\r\n\r\n"
    measure([raw], 1) { |mail| matcher.match(mail) } / 1_000
  end
  puts format("%<kind>s: %<one>.1f ms for 1 MB, %<two>.1f ms for 2 MB, %<four>.1f ms for 4 MB",
              kind: kind, one: times[0], two: times[1], four: times[2])
end
