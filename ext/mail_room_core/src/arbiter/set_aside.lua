-- The mail server knows that messages were set aside: whoever finds one of them unread again was asked by a person to try it
-- anew, so its tries are forgotten. What is claimed or delivered by now is left alone.
-- KEYS: for each message its truth, its sign, its attempts.
-- ARGV: how long in ms it stays nobody's at the most: others may still hold a list that has it.
local life = tonumber(ARGV[1])
local call = redis.call

local found = call('MGET', unpack(KEYS))
for i = 1, #KEYS, 3 do
  local truth = found[i]
  local failed = truth and string.sub(truth, 1, 7) == 'failed '
  if failed and call('PTTL', KEYS[i]) > life then
    call('PEXPIRE', KEYS[i], life)
  end
  if found[i + 2] and (failed or not truth) then
    call('DEL', KEYS[i + 2])
  end
end
return redis.status_reply('OK')
