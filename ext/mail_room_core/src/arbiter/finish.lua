-- Notes that messages were delivered.
-- KEYS: for each message its truth, its sign, its attempts.
-- ARGV: instance, scope, life of what is noted in ms.
-- Returns for each message 1 if it was claimed by this instance, or noted by it before, else 0.
local mine, delivered, scope, kept = 'claimed ' .. ARGV[1], 'delivered ' .. ARGV[1], ARGV[2], ARGV[3]

local found, answers = redis.call('MGET', unpack(KEYS)), {}
for i = 1, #KEYS, 3 do
  local truth, sign, attempts = found[i], found[i + 1], found[i + 2]
  if truth == mine then
    -- The truth first: it alone keeps the message from being delivered again.
    redis.call('SET', KEYS[i], delivered, 'PX', kept)
    if not sign or sign == scope then
      redis.call('SET', KEYS[i + 1], scope, 'PX', kept)
    end
    if attempts then
      redis.call('DEL', KEYS[i + 2])
    end
  end
  answers[#answers + 1] = (truth == mine or truth == delivered) and 1 or 0
end
return answers
