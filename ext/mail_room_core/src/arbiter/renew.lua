-- Renews claims. Also begins deliveries to a target that knows nothing of claims: then a message that the original has claimed too is
-- lost to it, and the attempt may be counted in advance, so that it counts even if this process does not survive it.
-- KEYS: for each message its state, its marker, its attempts; the heartbeat of this process, if it has one.
-- ARGV: instance, scope, TTL of a claim in ms, 1 if deliveries begin, TTL of the attempts in ms (0: the attempt is not counted), TTL of
-- the heartbeat in ms (0: there is none).
-- Returns for each message 1 if this instance still holds its claim, else 0.
local instance, scope, ttl, begins = ARGV[1], ARGV[2], ARGV[3], ARGV[4] == '1'
local attempts_ttl, heartbeat_ttl = tonumber(ARGV[5]), tonumber(ARGV[6])
local mine = claimed_by(instance)

local last = #KEYS
if heartbeat_ttl > 0 then
  call('SET', KEYS[last], '1', 'PX', heartbeat_ttl)
  last = last - 1
end
local found, answers = call('MGET', unpack(KEYS, 1, last)), {}
for i = 1, last, 3 do
  local marker = found[i + 1]
  local ours = found[i] == mine and not (begins and is_originals(marker))
  if ours then
    local number, begun_by = parse_attempts(found[i + 2])
    if attempts_ttl > 0 and begun_by ~= instance then
      call('SET', KEYS[i + 2], number + 1 .. ' ' .. instance, 'PX', attempts_ttl)
    end
    call('PEXPIRE', KEYS[i], ttl)
    keep_marker(KEYS[i + 1], marker, scope, ttl)
  end
  answers[#answers + 1] = ours and 1 or 0
end
return answers
