# frozen_string_literal: true

require_relative "../errors"

module MailRoom
  # An IMAP search program (RFC 3501 section 6.4.4), parsed far enough to tell its search keys from their arguments and from quoted text:
  # `SUBJECT new` searches for a subject, and does not have the key NEW. An unknown word counts as a key without arguments.
  class SearchProgram
    # Number of arguments after a key; a parenthesised list counts as one.
    ARGUMENTS = {
      "BCC" => 1, "BEFORE" => 1, "BODY" => 1, "CC" => 1, "FROM" => 1, "HEADER" => 2, "KEYWORD" => 1, "LARGER" => 1,
      "ON" => 1, "SENTBEFORE" => 1, "SENTON" => 1, "SENTSINCE" => 1, "SINCE" => 1, "SMALLER" => 1, "SUBJECT" => 1,
      "TEXT" => 1, "TO" => 1, "UID" => 1, "UNKEYWORD" => 1, "CHARSET" => 1,
      # extensions: RFC 5032, RFC 7162, RFC 8474, RFC 8514, RFC 5466, Gmail
      "OLDER" => 1, "YOUNGER" => 1, "MODSEQ" => 1, "EMAILID" => 1, "THREADID" => 1, "SAVEDBEFORE" => 1, "SAVEDON" => 1,
      "SAVEDSINCE" => 1, "FILTER" => 1, "X-GM-RAW" => 1, "X-GM-MSGID" => 1, "X-GM-THRID" => 1, "X-GM-LABELS" => 1
    }.freeze

    # Keys that are refused, and why.
    REFUSED = {
      "RECENT" => "asks for \\Recent, which a server shows to one session only: a mail that is not delivered before a " \
                  "reconnect would never be found again (use UNSEEN)",
      "OLD" => "asks for mails without \\Recent, which a server shows to one session only: what it finds depends on who " \
               "looked before (use UNSEEN or ALL)",
      "RETURN" => "changes the form of the server's answer (ESEARCH), which is not understood here"
    }.freeze

    private_constant :ARGUMENTS, :REFUSED

    # @return [Array<String>] the search keys in their order, in capitals, without their arguments
    attr_reader :keys

    # @param text [String]
    # @raise [ConfigurationError] if the text is no search program, or one that would lose mail
    def initialize(text, field: "Field :search_command in Mailbox")
      @field = field
      @keys = []
      refuse("must not contain control characters such as line ends") if text.match?(/[[:cntrl:]]/)
      read(tokens(text))
      refuse("is empty") if keys.empty?
      @keys.each { |key| refuse("contains #{key}, which #{REFUSED[key]}") if REFUSED.key?(key) }
    end

    # Whether a mail that was delivered, and so is \Seen, no longer matches. NEW counts: it is sent as UNSEEN.
    def unseen?
      keys.include?("UNSEEN") || keys.include?("NEW") || keys.each_cons(2).include?(%w[NOT SEEN])
    end

    # Whether a mail marked \Deleted no longer matches.
    def undeleted?
      keys.include?("UNDELETED") || keys.each_cons(2).include?(%w[NOT DELETED])
    end

    private

    def tokens(text)
      require "strscan"
      scanner = StringScanner.new(text)
      found = []
      until (scanner.skip(/ +/) && scanner.eos?) || scanner.eos?
        token = scanner.scan(/[()]|"(?:[^"\\]|\\.)*"|[^ ()"{]+/)
        refuse("has an unbalanced quote or a literal ({...})") if token.nil?
        found << token
      end
      found
    end

    def read(tokens)
      depth = 0
      until tokens.empty?
        token = tokens.shift
        depth += nesting(token)
        refuse("has unbalanced parentheses") if depth.negative?
        key(token.upcase, tokens) unless token.start_with?("(", ")")
      end
      refuse("has unbalanced parentheses") unless depth.zero?
    end

    def key(word, rest)
      refuse("has a quoted string or a word that is not US-ASCII where a search key is expected") unless word.match?(/\A[!-~&&[^"]]+\z/)

      keys << word
      # MODSEQ may name an entry and its type before the number (RFC 7162 section 3.1.5)
      count = word == "MODSEQ" && rest.first&.start_with?('"') ? 3 : ARGUMENTS.fetch(word, 0)
      count.times { skip_argument(word, rest) }
    end

    def skip_argument(word, rest)
      depth = 0
      loop do
        token = rest.shift
        refuse("lacks an argument after #{word}") if token.nil? || (token == ")" && depth.zero?)
        depth += nesting(token)
        break if depth.zero?
      end
    end

    def nesting(token)
      { "(" => 1, ")" => -1 }.fetch(token, 0)
    end

    def refuse(reason)
      raise ConfigurationError, "#{@field} #{reason}"
    end
  end
end
