-- Releases claims. An attempt that this instance has begun and not ended does not count.
-- KEYS: for each message its state, its marker, its attempts.
-- ARGV: instance, scope, TTL of the attempts in ms.
-- Returns for each message 1 if this instance held its claim, else 0.
local mine, scope, attempts_ttl = claimed_by(ARGV[1]), ARGV[2], ARGV[3]

local found, answers = call('MGET', unpack(KEYS)), {}
for i = 1, #KEYS, 3 do
  local ours = found[i] == mine
  if ours then
    local number, begun_by = parse_attempts(found[i + 2])
    if begun_by == ARGV[1] then
      if number > 1 then
        call('SET', KEYS[i + 2], number - 1, 'PX', attempts_ttl)
      else
        call('DEL', KEYS[i + 2])
      end
    end
    -- The state last: until it is gone, all of this can be repeated.
    if found[i + 1] == scope then
      call('DEL', KEYS[i + 1])
    end
    call('DEL', KEYS[i])
  end
  answers[#answers + 1] = ours and 1 or 0
end
return answers
