-- What several scripts need. It stands before each of them.
--
-- Each message has three keys. Its state, for our own processes: "claimed <instance>", "delivered <instance>", "failed <attempts>" or
-- "aside". Its marker, for the original mail_room, which delivers no message that has one: our scope, or a number if the original has
-- set it. Its attempts: how many failed, and while one runs in the app's own code the instance that makes it ("3 <instance>").
local call = redis.call

-- The values of the state: here, and nowhere else.
local function claimed_by(instance)
  return 'claimed ' .. instance
end

local function delivered_by(instance)
  return 'delivered ' .. instance
end

local function failed_after(attempts)
  return 'failed ' .. attempts
end

local ASIDE = 'aside'

local function is_delivered(state)
  return state and string.sub(state, 1, 10) == 'delivered '
end

local function is_failed(state)
  return state and string.sub(state, 1, 7) == 'failed '
end

-- The instance that has claimed a message, nil if none has.
local function holder_of(state)
  return string.match(state, '^claimed (.+)$')
end

-- Whether the original has set the marker.
local function is_originals(marker)
  return marker and string.find(marker, '^%d+$')
end

-- Makes the marker last for `ttl` ms. Leaves those of the original and of other mailboxes alone.
local function keep_marker(key, marker, scope, ttl)
  if not marker then
    call('SET', key, scope, 'PX', ttl)
  elseif marker == scope then
    call('PEXPIRE', key, ttl)
  end
end

-- The number of attempts, and the instance that makes the last one now ('' if none does).
local function parse_attempts(attempts)
  local number, instance = string.match(attempts or '', '^(%d+) ?(.*)$')
  return tonumber(number) or 0, instance or ''
end

