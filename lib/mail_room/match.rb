# frozen_string_literal: true

module MailRoom
  # The result of a {Matcher} for one message. Members that do not apply are nil.
  Match = Struct.new(
    :verdict,      # :accepted, :auto_reply, :bounce, :unmatched or :empty
    :key,          # what stands for %{key}, or in <reply-KEY@host>
    :source,       # the header: :to, :references, :delivered_to, :x_delivered_to, :envelope_to, :x_envelope_to, :received,
    #                :x_original_to, :x_forwarded_to, :cc
    :address,      # as it stands there
    :feature,      # :reply, :new_issue, :note_on_issuable, :unsubscribe, :new_merge_request, :service_desk or :unknown
    :project_id,   # Integer
    :project_path, # the project's slug, or its full path
    :reply_key,    # the token of the notification replied to: 32 hexadecimal digits, or 25 characters in base 36
    :reason,       # in words
    # In base 36, of `<partition>-<token>[-<namespace>]`. The name is GitLab's; nobody misses Enumerable#partition of members.
    :partition, # rubocop:disable Lint/StructNewOverride
    :namespace_id
  )

  # See the list of members above.
  class Match
    # @return [Boolean]
    def accepted?
      verdict == :accepted
    end
  end
end
