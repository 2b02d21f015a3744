-- Claims messages for one instance.
-- KEYS: for each message its state, its marker, its attempts; the heartbeat of this process, if it has one; heartbeats of other
-- processes, all of which were missing a moment ago.
-- ARGV: instance, scope, TTL of a claim in ms, the wait for a key that does not expire in ms, number of messages, TTL of the heartbeat in
-- ms (0: there is none), age in ms of the search that listed the messages, TTL of "aside" in ms; then instances that have ended: first
-- those of the heartbeats above, then those that are known for certain to have ended. Their claims are taken over.
-- Returns two lists. For each message three integers: 1, its attempts, 0 (claimed); 2, 0, 0 (delivered before); 3, ms, holder (held for
-- so long by the holder at this place in the second list, or by none of them if it is 0). The instances that hold messages.
local mine, scope, ttl, no_expiry = claimed_by(ARGV[1]), ARGV[2], ARGV[3], tonumber(ARGV[4])
local last, heartbeat_ttl = 3 * tonumber(ARGV[5]), tonumber(ARGV[6])
local search_age, aside_ttl, look_again = tonumber(ARGV[7]), tonumber(ARGV[8]), 1000
-- A server may answer a search with the marks as this connection has seen them last, which is a command ago.
local marks_age = 5000

local function time_left(key)
  local left = call('PTTL', key)
  return left < 0 and no_expiry or left
end

local found = call('MGET', unpack(KEYS, 1, last))
local heartbeats = last
if heartbeat_ttl > 0 then
  heartbeats = last + 1
  -- Set before the claims: other processes take over claims whose holder has no heartbeat.
  call('SET', KEYS[heartbeats], '1', 'PX', heartbeat_ttl)
end
local ended = {}
for i = 9, #ARGV do
  local heartbeat = KEYS[heartbeats + i - 8]
  -- A process whose heartbeat is back is alive.
  if not heartbeat or not call('GET', heartbeat) then
    ended[claimed_by(ARGV[i])] = true
  end
end

local answers, holders, place = {}, {}, {}
for i = 1, last, 3 do
  local state, marker = found[i], found[i + 1]
  local answer, number, holder = 1, 0, 0
  if state == ASIDE and search_age + marks_age < aside_ttl - call('PTTL', KEYS[i]) then
    -- The search began after the message was set aside, so a person has marked it unread.
    state = false
  end
  if state and state ~= mine and not ended[state] then
    if is_delivered(state) then
      answer = 2
    elseif state == ASIDE then
      answer, number = 3, look_again
    else
      answer, number = 3, time_left(KEYS[i])
      local name = holder_of(state)
      if name and not place[name] then
        holders[#holders + 1] = name
        place[name] = #holders
      end
      holder = name and place[name] or 0
    end
  elseif is_originals(marker) then
    -- The original has claimed it. A claim of ours can exist beside it only if our marker was missing: the original was first.
    answer, number = 3, time_left(KEYS[i + 1])
    if state then
      call('DEL', KEYS[i])
    end
  else
    -- The state before the marker: if Redis stops in between, the claim has no marker, and renewing it adds one.
    call('SET', KEYS[i], mine, 'PX', ttl)
    keep_marker(KEYS[i + 1], marker, scope, ttl)
    number = parse_attempts(found[i + 2])
  end
  answers[#answers + 1] = answer
  answers[#answers + 1] = number
  answers[#answers + 1] = holder
end
return {answers, holders}
