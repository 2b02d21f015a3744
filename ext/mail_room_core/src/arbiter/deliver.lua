-- Hands messages over to a Sidekiq queue in this Redis and notes it, in one step.
-- KEYS: the queue, then for each message its truth, its sign.
-- ARGV: instance, scope, life of what is noted in ms, then for each message its job.
-- Returns for each message 1 if its job is in the queue, by this call or by an earlier one whose reply was lost, else 0:
-- the claim is lost.
local mine, delivered, scope, kept = 'claimed ' .. ARGV[1], 'delivered ' .. ARGV[1], ARGV[2], ARGV[3]
local call = redis.call

local found, answers, jobs, ours = call('MGET', unpack(KEYS, 2)), {}, {}, {}
for i = 2, #KEYS, 2 do
  local truth, sign = found[i - 1], found[i]
  local handed_over = truth == delivered
  if truth == mine and not (sign and string.find(sign, '^%d+$')) then
    jobs[#jobs + 1] = ARGV[3 + i / 2]
    ours[#ours + 1] = i
    handed_over = true
  end
  answers[#answers + 1] = handed_over and 1 or 0
end

-- The jobs first, all or none: whatever keeps them out of the queue (no memory, not a list, not permitted) ends the
-- script before anything is noted. What follows cannot fail any more: Redis refuses a script for want of memory only at
-- its first write, SET overwrites whatever it finds, and the claims prove that it is permitted.
if #jobs > 0 then
  call('LPUSH', KEYS[1], unpack(jobs))
  for _, i in ipairs(ours) do
    call('SET', KEYS[i], delivered, 'PX', kept)
    if found[i] == scope then
      call('PEXPIRE', KEYS[i + 1], kept)
    elseif not found[i] then
      call('SET', KEYS[i + 1], scope, 'PX', kept)
    end
  end
end
return answers
