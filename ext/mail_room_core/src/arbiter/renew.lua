-- Makes claims live on.
-- KEYS: for each message its truth, its sign; the heartbeat of this process if that has a life.
-- ARGV: instance, scope, life of a claim in ms, life of the heartbeat in ms (0: none).
-- Returns for each message 1 if it is still claimed by this instance, else 0.
local mine, scope, life, beat = 'claimed ' .. ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])

local last = #KEYS
if beat > 0 then
  redis.call('SET', KEYS[last], '1', 'PX', beat)
  last = last - 1
end
local found, answers = redis.call('MGET', unpack(KEYS, 1, last)), {}
for i = 1, last, 2 do
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
