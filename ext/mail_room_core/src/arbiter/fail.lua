-- Notes that a message could not be delivered, and that nobody tries it again before a while has passed.
-- KEYS: its truth, its sign, its attempts.
-- ARGV: instance, scope, the while in ms, 1 if the try counts, life of the attempts in ms, number of attempts after which
-- the message is set aside (0: it is not said), number of attempts to note then.
-- Returns its attempts.
local mine, scope, pause, counts, kept = 'claimed ' .. ARGV[1], ARGV[2], ARGV[3], ARGV[4] == '1', ARGV[5]

local limit, most = tonumber(ARGV[6]), tonumber(ARGV[7])
local found = redis.call('MGET', unpack(KEYS))
local number, begun_by = string.match(found[3] or '0', '^(%d+) ?(.*)$')
number = tonumber(number) or 0
if found[1] ~= mine then
  return number
end
-- A try begun by this instance is counted already.
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
  redis.call('SET', KEYS[3], number, 'PX', kept)
else
  redis.call('DEL', KEYS[3])
end
if found[2] == scope then
  redis.call('DEL', KEYS[2])
end
redis.call('SET', KEYS[1], 'failed ' .. number, 'PX', pause)
return number
