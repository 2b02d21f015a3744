-- Claims messages for one instance.
-- KEYS: for each message its truth, its sign, its attempts; the heartbeat of this process if that has a life; heartbeats of
-- other processes, all missing a moment ago.
-- ARGV: instance, scope, life of a claim in ms, the wait for a key without an end in ms, number of messages, life of the
-- heartbeat in ms (0: none), age in ms of the list that the messages stand in, life in ms of "aside", then instances that have ended: those of the heartbeats above, then such as have ended for
-- certain. What they have claimed is nobody's.
-- Returns two lists. For each message three integers: 1, its attempts, 0 (won); 2, 0, 0 (delivered); 3, ms, holder (held
-- for so long, by the holder of this place in the second list, or by none). The instances that hold others.
local mine, scope, life, no_end = 'claimed ' .. ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local last, beat = 3 * tonumber(ARGV[5]), tonumber(ARGV[6])
local age, aside, look_again = tonumber(ARGV[7]), tonumber(ARGV[8]), 1000
local call = redis.call

local function held(key)
  local left = call('PTTL', key)
  return left < 0 and no_end or left
end

local found = call('MGET', unpack(KEYS, 1, last))
local heartbeats = last
if beat > 0 then
  heartbeats = last + 1
  -- Before the claims: others take a claim over if its holder has no heartbeat.
  call('SET', KEYS[heartbeats], '1', 'PX', beat)
end
local ended = {}
for i = 9, #ARGV do
  local heartbeat = KEYS[heartbeats + i - 8]
  -- A heartbeat that is back is that of a process that lives.
  if not heartbeat or not call('GET', heartbeat) then
    ended['claimed ' .. ARGV[i]] = true
  end
end

local answers, holders, place = {}, {}, {}
for i = 1, last, 3 do
  local truth, sign, attempts = found[i], found[i + 1], found[i + 2]
  local answer, number, holder = 1, 0, 0
  if truth == 'aside' and age < aside - call('PTTL', KEYS[i]) then
    -- Listed after it was set aside: a person has marked it unread.
    truth = false
  end
  if truth and truth ~= mine and not ended[truth] then
    if string.sub(truth, 1, 10) == 'delivered ' then
      answer = 2
    elseif truth == 'aside' then
      answer, number = 3, look_again
    else
      answer, number = 3, held(KEYS[i])
      local name = string.match(truth, '^claimed (.+)$')
      if name and not place[name] then
        holders[#holders + 1] = name
        place[name] = #holders
      end
      holder = name and place[name] or 0
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
    number = attempts and tonumber(string.match(attempts, '^%d+')) or 0
  end
  answers[#answers + 1] = answer
  answers[#answers + 1] = number
  answers[#answers + 1] = holder
end
return {answers, holders}
