-- Gives claims back. A try that this instance has begun and not ended was none.
-- KEYS: for each message its truth, its sign, its attempts.
-- ARGV: instance, scope, life of the attempts in ms.
-- Returns for each message 1 if it was claimed by this instance, else 0.
local mine, scope, kept = 'claimed ' .. ARGV[1], ARGV[2], ARGV[3]

local found, answers = redis.call('MGET', unpack(KEYS)), {}
for i = 1, #KEYS, 3 do
  local sign, attempts = found[i + 1], found[i + 2]
  local ours = found[i] == mine
  if ours then
    local number, begun_by = string.match(attempts or '', '^(%d+) (.+)$')
    if begun_by == ARGV[1] then
      if tonumber(number) > 1 then
        redis.call('SET', KEYS[i + 2], tonumber(number) - 1, 'PX', kept)
      else
        redis.call('DEL', KEYS[i + 2])
      end
    end
    -- The truth last: until then everything can be done again.
    if sign == scope then
      redis.call('DEL', KEYS[i + 1])
    end
    redis.call('DEL', KEYS[i])
  end
  answers[#answers + 1] = ours and 1 or 0
end
return answers
