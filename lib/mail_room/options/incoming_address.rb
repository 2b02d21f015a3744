# frozen_string_literal: true

module MailRoom
  # What is wrong with the address in `matching`, although it has a meaning. Anybody can have mail sent to it and read that mail. Many
  # services take the owner of an address in a company's domain for an employee, so an address there is a risk (GitLab's documentation
  # warns about it).
  #
  # @api private
  class IncomingAddress
    KEY = "%{key}"
    # Characters before the key that leave room for every key: providers refuse more than 64 before the @ (RFC 5321 section 4.5.3.1.1).
    LONGEST_PREFIX = 31
    # Domains that anybody can have an address in.
    PUBLIC = /(?:\A|\.)(?:gmail\.com|googlemail\.com|outlook\.com|hotmail\.com|live\.com|icloud\.com|yahoo\.[a-z.]+|onmicrosoft\.com)\z/
    # Second levels that are as public as a top level.
    SHARED = /\A(?:ac|co|com|edu|gov|gob|gouv|ltd|ne|net|nom|or|org|plc|sch)\.[a-z]{2}\z/
    private_constant :KEY, :LONGEST_PREFIX, :PUBLIC, :SHARED

    # @param text [String] with one @
    def initialize(text)
      @text = text
      @local, domain = text.split("@", 2)
      @domain = domain.downcase
    end

    # @return [Array<(Symbol, String, String)>] each of what is wrong: failed or warning, the problem and what to do
    def problems
      [*mistakes, plain_domain, without_key].compact
    end

    # @return [Array<(Symbol, String, String)>] likewise, of what nobody can have meant
    def mistakes
      [behind, long].compact
    end

    private

    def behind
      [:failed, "#{KEY} stands behind the @ of #{@text}", "Put #{KEY} before the @"] if @domain.include?(KEY)
    end

    def long
      before = @local.partition(KEY)
      return if before[1].empty? || before[0].length <= LONGEST_PREFIX

      [:warning, "#{before[0].length} characters stand before #{KEY} in #{@text}: providers refuse an address with more than 64 before " \
                 "the @",
       "Shorten what stands before #{KEY} to #{LONGEST_PREFIX} characters"]
    end

    def plain_domain
      return if @domain.include?(KEY) || !plain?

      [:warning, "#{@text} is within #{@domain} itself: whoever has it can pass for one of its people at services that trust addresses " \
                 "of #{@domain}",
       "Use a sub-domain (incoming.#{@domain}) or a domain for nothing else"]
    end

    def without_key
      return if @text.include?(KEY) || plain?

      [:warning, "#{@text} has no #{KEY}: only replies can be recognised",
       "Use an address with #{KEY}, such as incoming+#{KEY}@#{@domain}, for the other features"]
    end

    def plain?
      labels = @domain.chomp(".").split(".")
      return false if @domain.match?(PUBLIC) || labels.size < 2

      labels.size == 2 || (labels.size == 3 && labels.last(2).join(".").match?(SHARED))
    end
  end
end
