# frozen_string_literal: true

RSpec.describe MailRoom::SearchProgram do
  {
    "UNSEEN" => %w[UNSEEN],
    "unseen  undeleted" => %w[UNSEEN UNDELETED],
    "SUBJECT new" => %w[SUBJECT],
    "SUBJECT \"a RECENT (one\" UNSEEN" => %w[SUBJECT UNSEEN],
    "SUBJECT \"say \\\"OLD\\\"\" UNSEEN" => %w[SUBJECT UNSEEN],
    "SUBJECT \"\" ALL" => %w[SUBJECT ALL],
    "HEADER Recent old NEW" => %w[HEADER NEW],
    "OR (FROM old) (NOT (TO recent UNSEEN))" => %w[OR FROM NOT TO UNSEEN],
    "KEYWORD new UNKEYWORD old" => %w[KEYWORD UNKEYWORD],
    "UID 1:* 5,7:9 SINCE 1-Jan-2020" => %w[UID 5,7:9 SINCE],
    "CHARSET UTF-8 TEXT \"Grüße\" UNSEEN" => %w[CHARSET TEXT UNSEEN],
    "X-GM-RAW \"is:unread old\" UNSEEN" => %w[X-GM-RAW UNSEEN],
    "MODSEQ 620162338" => %w[MODSEQ],
    "MODSEQ \"/flags/\\\\draft\" all 620162338" => %w[MODSEQ]
  }.each do |program, keys|
    it "finds the keys of #{program}" do
      expect(described_class.new(program).keys).to eq(keys)
    end
  end

  {
    "RECENT" => /contains RECENT, which asks for \\Recent/,
    "UNSEEN (old)" => /contains OLD/,
    "NOT RECENT" => /contains RECENT/,
    "RETURN (MIN) UNSEEN" => /contains RETURN/,
    "" => /is empty/,
    "  " => /is empty/,
    "()" => /is empty/,
    "UNSEEN)" => /unbalanced parentheses/,
    "(UNSEEN" => /unbalanced parentheses/,
    "SUBJECT \"x" => /unbalanced quote/,
    "TEXT {5}" => /literal/,
    "SUBJECT" => /lacks an argument after SUBJECT/,
    "(HEADER Subject) UNSEEN" => /lacks an argument after HEADER/,
    "\"UNSEEN\"" => /where a search key is expected/,
    "ÜNSEEN" => /where a search key is expected/,
    "UNSEEN\r\nA1 LOGOUT" => /control characters/,
    "UN\0SEEN" => /control characters/,
    "UNSEEN\tALL" => /control characters/
  }.each do |program, message|
    it "refuses #{program.inspect}" do
      expect { described_class.new(program, field: "Field :search_command") }
        .to raise_error(MailRoom::ConfigurationError, /\AField :search_command .*#{message.source}/)
    end
  end

  it "knows whether a delivered mail still matches" do
    expect(["UNSEEN", "NEW", "NOT SEEN", "OR UNSEEN FLAGGED"].map { |program| described_class.new(program).unseen? }).to all(be(true))
    expect(["ALL", "SEEN", "SUBJECT UNSEEN", "TEXT \"NEW\""].map { |program| described_class.new(program).unseen? }).to all(be(false))
    expect(["ALL UNDELETED", "NOT DELETED"].map { |program| described_class.new(program).undeleted? }).to all(be(true))
    expect(described_class.new("DELETED").undeleted?).to be(false)
  end
end
