# frozen_string_literal: true

require_relative "step"

module MailRoom
  module Check
    # Checks the address in `matching`. Anybody can have mail sent to it and read that mail. Many services take the owner of an address in a
    # company's domain for an employee, so an address there is a risk (GitLab's documentation warns about it).
    module Address
      QUESTION = "Incoming address is safe?"
      KEY = "%{key}"
      # Domains that anybody can have an address in.
      PUBLIC = /(?:\A|\.)(?:gmail\.com|googlemail\.com|outlook\.com|hotmail\.com|live\.com|icloud\.com|yahoo\.[a-z.]+|onmicrosoft\.com)\z/
      # Second levels that are as public as a top level.
      SHARED = /\A(?:ac|co|com|edu|gov|gob|gouv|ltd|ne|net|nom|or|org|plc|sch)\.[a-z]{2}\z/
      private_constant :QUESTION, :KEY, :PUBLIC, :SHARED

      class << self
        # @param mailbox [Mailbox]
        # @return [Array<Step>] none if the address is not known
        def steps(mailbox)
          address = mailbox.matching && mailbox.matching[:address]
          address ? [step(address)] : []
        end

        private

        def step(address)
          local, domain = address.split("@", 2)
          if domain.include?(KEY)
            return Step.failed("address", QUESTION, "#{KEY} stands behind the @ of #{address}", "Put #{KEY} before the @")
          end
          return plain_domain(address, domain.downcase) if plain?(domain.downcase)
          return Step.ok("address", QUESTION, address) if local.include?(KEY)

          Step.warning("address", QUESTION, "#{address} has no #{KEY}: only replies can be recognised",
                       "Use an address with #{KEY}, such as incoming+#{KEY}@#{domain}, for the other features")
        end

        def plain_domain(address, domain)
          Step.warning("address", QUESTION, "#{address} is within #{domain} itself: whoever has it can pass for one of its people at " \
                                            "services that trust addresses of #{domain}",
                       "Use a sub-domain (incoming.#{domain}) or a domain for nothing else")
        end

        def plain?(domain)
          labels = domain.chomp(".").split(".")
          return false if domain.match?(PUBLIC) || labels.size < 2

          labels.size == 2 || (labels.size == 3 && labels.last(2).join(".").match?(SHARED))
        end
      end
    end
  end
end
