-- Claims messages for one instance.
-- KEYS: for each message its truth, its sign, its attempts.
-- ARGV: instance, scope, life of a claim in ms, the wait for a key without an end in ms.
-- Returns for each message two integers: 1 and its attempts (won), 2 and 0 (delivered), 3 and ms (held for so long).
local mine, scope, life, no_end = 'claimed ' .. ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local call = redis.call

local function held(key)
  local left = call('PTTL', key)
  return left < 0 and no_end or left
end

local found, answers = call('MGET', unpack(KEYS)), {}
for i = 1, #KEYS, 3 do
  local truth, sign, attempts = found[i], found[i + 1], found[i + 2]
  local answer, number
  if truth and truth ~= mine then
    if string.sub(truth, 1, 10) == 'delivered ' then
      answer, number = 2, 0
    else
      answer, number = 3, held(KEYS[i])
    end
  elseif sign and string.find(sign, '^%d+$') then
    -- The original has it. A claim of ours can stand beside it only if our sign was missing: the original was first.
    answer, number = 3, held(KEYS[i + 1])
    if truth then
      call('DEL', KEYS[i])
    end
  else
    -- The truth before the sign: stopping in between leaves a claim without a sign, which renewing puts right.
    call('SET', KEYS[i], mine, 'PX', life)
    if not sign then
      call('SET', KEYS[i + 1], scope, 'PX', life)
    elseif sign == scope then
      call('PEXPIRE', KEYS[i + 1], life)
    end
    answer, number = 1, attempts and tonumber(string.match(attempts, '^%d+')) or 0
  end
  answers[#answers + 1] = answer
  answers[#answers + 1] = number
end
return answers
