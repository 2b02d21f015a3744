-- Hands messages over to a Sidekiq queue in this Redis and notes it, in one step.
-- KEYS: the queue, then for each message its truth, its sign.
-- ARGV: instance, scope, life of what is noted in ms, life of a claim in ms, then for each message its job.
-- Returns for each message 1 if its job is in the queue, by this call or by an earlier one whose reply was lost, else 0:
-- the claim is lost.
local mine, delivered, scope, kept, life = 'claimed ' .. ARGV[1], 'delivered ' .. ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local queue = KEYS[1]

local found, answers = redis.call('MGET', unpack(KEYS, 2)), {}
for i = 2, #KEYS, 2 do
  local truth, sign = found[i - 1], found[i]
  local handed_over = truth == delivered
  if truth == mine and not (sign and string.find(sign, '^%d+$')) then
    -- Noted before it is pushed: being out of memory shows at the first write of a script, which is then this one, and
    -- whatever else keeps the job out of the queue (not a list, not permitted) is known before anything is promised.
    redis.call('SET', KEYS[i], delivered, 'PX', kept)
    local pushed = redis.pcall('LPUSH', queue, ARGV[4 + i / 2])
    if type(pushed) == 'table' and pushed.err then
      redis.call('SET', KEYS[i], mine, 'PX', life)
      return pushed
    end
    if not sign or sign == scope then
      redis.call('SET', KEYS[i + 1], scope, 'PX', kept)
    end
    handed_over = true
  end
  answers[#answers + 1] = handed_over and 1 or 0
end
return answers
