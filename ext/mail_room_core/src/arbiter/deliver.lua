-- Pushes jobs to a Sidekiq queue in this Redis and records the deliveries, in one step.
-- KEYS: the queue, then for each message its state, its marker.
-- ARGV: instance, scope, TTL of the state and the marker in ms, then for each message its job.
-- Returns for each message 1 if its job is in the queue, pushed by this call or by an earlier one whose reply was lost, else 0: the claim
-- is lost.
local mine, delivered, scope, ttl = claimed_by(ARGV[1]), delivered_by(ARGV[1]), ARGV[2], ARGV[3]

local found, answers, jobs, ours = call('MGET', unpack(KEYS, 2)), {}, {}, {}
for i = 2, #KEYS, 2 do
  local state, marker = found[i - 1], found[i]
  local in_queue = state == delivered
  if state == mine and not is_originals(marker) then
    jobs[#jobs + 1] = ARGV[3 + i / 2]
    ours[#ours + 1] = i
    in_queue = true
  end
  answers[#answers + 1] = in_queue and 1 or 0
end

-- The jobs first, all or none: whatever keeps them out of the queue (no memory, a key of another type, no permission) ends the script
-- before a delivery is recorded. The steps after it cannot fail: Redis refuses a script for lack of memory only at its first write, SET
-- overwrites any value, and the claims show that we may write these keys.
if #jobs > 0 then
  call('LPUSH', KEYS[1], unpack(jobs))
  for _, i in ipairs(ours) do
    call('SET', KEYS[i], delivered, 'PX', ttl)
    keep_marker(KEYS[i + 1], found[i], scope, ttl)
  end
end
return answers
