-- Records that a delivery failed. Nobody can claim the message before its backoff is over.
-- KEYS: its state, its marker, its attempts.
-- ARGV: instance, scope, the backoff in ms, 1 if the attempt counts, TTL of the attempts in ms, number of attempts after which the
-- message is set aside (0: not given), number of attempts to record then.
-- Returns its attempts.
local mine, scope, backoff, counts, attempts_ttl = claimed_by(ARGV[1]), ARGV[2], ARGV[3], ARGV[4] == '1', ARGV[5]

local limit, most = tonumber(ARGV[6]), tonumber(ARGV[7])
local found = call('MGET', unpack(KEYS))
local number, begun_by = parse_attempts(found[3])
if found[1] ~= mine then
  return number
end
-- An attempt that this instance has begun is counted already.
local begun = begun_by == ARGV[1]
if counts and not begun then
  number = number + 1
elseif begun and not counts then
  number = number - 1
end
if limit > 0 and number >= limit then
  number = math.max(number, most)
end
if number > 0 then
  call('SET', KEYS[3], number, 'PX', attempts_ttl)
else
  call('DEL', KEYS[3])
end
if found[2] == scope then
  call('DEL', KEYS[2])
end
call('SET', KEYS[1], failed_after(number), 'PX', backoff)
return number
