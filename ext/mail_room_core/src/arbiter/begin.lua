-- Just before a hand-over to a target that knows nothing of claims: makes sure that the claims are still ours, makes
-- them live on, and may count a try in advance, so that it stays counted if this process does not survive it. The attempts
-- bear the name of the instance until the try has ended: "3 <instance>".
-- KEYS: for each message its truth, its sign, its attempts; the heartbeat of this process if that has a life.
-- ARGV: instance, scope, life of a claim in ms, life of the attempts in ms (0 if the try is not counted), life of the
-- heartbeat in ms (0: none).
-- Returns for each message 1 if it is still claimed by this instance, else 0.
local instance, scope, life, kept = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local mine, beat = 'claimed ' .. instance, tonumber(ARGV[5])

local last = #KEYS
if beat > 0 then
  redis.call('SET', KEYS[last], '1', 'PX', beat)
  last = last - 1
end
local found, answers = redis.call('MGET', unpack(KEYS, 1, last)), {}
for i = 1, last, 3 do
  local sign, attempts = found[i + 1], found[i + 2]
  local ours = found[i] == mine and not (sign and string.find(sign, '^%d+$'))
  if ours then
    local number, begun_by = string.match(attempts or '0', '^(%d+) ?(.*)$')
    if kept ~= '0' and begun_by ~= instance then
      number = (tonumber(number) or 0) + 1
      redis.call('SET', KEYS[i + 2], number .. ' ' .. instance, 'PX', kept)
    end
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
