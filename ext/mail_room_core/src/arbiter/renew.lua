-- Makes claims live on.
-- KEYS: for each message its truth, its sign.
-- ARGV: instance, scope, life of a claim in ms.
-- Returns for each message 1 if it is still claimed by this instance, else 0.
local mine, scope, life = 'claimed ' .. ARGV[1], ARGV[2], ARGV[3]

local found, answers = redis.call('MGET', unpack(KEYS)), {}
for i = 1, #KEYS, 2 do
  local sign = found[i + 1]
  local ours = found[i] == mine
  if ours then
    redis.call('PEXPIRE', KEYS[i], life)
    if not sign then
      redis.call('SET', KEYS[i + 1], scope, 'PX', life)
    elseif sign == scope then
      redis.call('PEXPIRE', KEYS[i + 1], life)
    end
  end
  answers[#answers + 1] = ours and 1 or 0
end
return answers
