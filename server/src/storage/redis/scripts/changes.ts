/** What transitions write, and the ends that a store decides itself (model/task-machine.ts, model/task-change.ts). */
export const changesModule = `
-- A change as it comes from the server: the fields of TaskChange in this order.
local function changeOf(columns)
  local more = columns[12]
  return {
    state = columns[1], reason = columns[2], event = columns[3], attempt = columns[4], delta = columns[5],
    notBefore = columns[6], endedAt = columns[7], purgeAt = columns[8], result = columns[9], failure = columns[10],
    cancel = columns[11],
    policy = more and more[1], checkpoint = more and more[2], waitUntil = more and more[3],
    claimUntil = more and more[4], keepNewest = more and more[5], continues = more and more[6],
    grows = more and more[7],
  }
end
changes.of = changeOf

local EVENTS = {[SUCCEEDED] = 3, [FAILED] = 7, [CANCELLED] = 9, [EXPIRED] = 11}
local REASONS = {cancel = 11, purge = 12, replace = 13, overdue = 14}

local ENDS = {[CANCELLED] = "cancelled", [EXPIRED] = "expired"}

-- Until when a claim lasts whose scope is over by an end (model/unique.ts).
local function claimEnd(unique, state, now)
  local isKept = not unique.keptAfter
  for _, word in ipairs(unique.keptAfter or {}) do isKept = isKept or word == ENDS[state] end
  if not isKept then return now end
  return unique.forMs and now + unique.forMs or env.whileRecorded
end

-- The end of a task that waits; its record is kept as its policy says.
function changes.endOf(t, state, reason, now)
  local policy = policyOf(t.policy)
  return {
    state = state, reason = reason, event = EVENTS[state], attempt = t.attempt, delta = 0, endedAt = now,
    purgeAt = now + policy.retentionMs,
    claimUntil = policy.unique and claimEnd(policy.unique, state, now),
    keepNewest = policy.keepNewest and {policy.keepNewest.count or false, policy.keepNewest.bytes or false},
    continues = policy.member and {state, false, false},
  }
end

-- Ends a task that waits, because of a trigger: "cancel", "purge", "replace" or "overdue". False: it waits no more.
function changes.endWaiting(t, trigger, now, cancel)
  if t.state > READY then return false end
  local state, reason = CANCELLED, REASONS[trigger]
  if trigger == "overdue" then
    local expireMs = policyOf(t.policy).expireMs
    state = EXPIRED
    if expireMs and t.createdAt + expireMs <= now then reason = 0 end
  end
  local change = changes.endOf(t, state, reason, now)
  change.cancel = cancel or false
  changes.write(t, change, now, false)
  return true
end

-- How an attempt ended that did not end well (model/attempt.ts); false: it did, or there was none.
local function attemptEnd(change, isSettled)
  local event, reason, attempt = change.event, change.reason, change.attempt
  if event == 4 then
    if reason == 3 then return attempt, 3 end
    return attempt - 1, 0
  end
  if event == 6 then return attempt, 4 end
  if event ~= 7 then return false end
  if reason == 9 then return attempt, 1 end
  if reason == 10 then return attempt, 2 end
  return attempt, isSettled and 0 or 4
end

local function noteAttempt(t, change, now, isSettled)
  local attempt, outcome = attemptEnd(change, isSettled)
  if not attempt then return end
  t.more = true
  local key = P .. "a:" .. t.id
  call("RPUSH", key, cmsgpack.pack({attempt, outcome, t.startedAt, now, t.worker, change.failure or false}))
  call("LTRIM", key, -env.attemptsMax, -1)
end

-- Writes a change that was decided, and its event.
function changes.write(t, change, now, isSettled)
  noteAttempt(t, change, now, isSettled)
  if change.result then tasks.put(t, "result", change.result) end
  if change.failure then tasks.put(t, "failure", change.failure) end
  if change.checkpoint then changes.checkpoint(t, change.checkpoint) end
  tasks.replace(t, function()
    local wasLeased = t.state == LEASED
    t.policy = change.policy or t.policy
    t.state, t.reason, t.attempt, t.revision = change.state, change.reason or 0, change.attempt, t.revision + 1
    t.deliveries = math.max(0, t.deliveries + change.delta)
    t.notBefore = change.notBefore or t.notBefore
    t.endedAt = change.endedAt or t.endedAt
    if change.purgeAt then t.timer = change.purgeAt elseif not (wasLeased and t.state == LEASED) then t.timer = false end
    t.cancel = change.cancel or t.cancel
  end)
  if change.waitUntil then tasks.waitUntil(t, change.waitUntil) end
  if change.claimUntil and t.claimKey then claims.release(t, change.claimUntil) end
  if change.keepNewest then changes.shelve(t, change.keepNewest) end
  space.note(t, change.event, now)
  if change.grows then ends.grow(t, change.grows, now) end
  if change.continues then ends.ofTask(t, change, now) end
end

function changes.checkpoint(t, data)
  local old = tasks.got(t, "checkpoint")
  t.carried = t.carried + #data - (old and #old or 0)
  tasks.put(t, "checkpoint", data)
  tasks.change(t)
end

local function shelfOf(name)
  local raw = call("HGET", P .. "shelves", name)
  return raw and cmsgpack.unpack(raw) or {bytes = 0, bound = {false, false}}
end

local function keepShelf(name, shelf)
  local count = call("ZCARD", P .. "shelf:" .. name)
  if count == 0 then call("HDEL", P .. "shelves", name) else call("HSET", P .. "shelves", name, cmsgpack.pack(shelf)) end
  local bound = shelf.bound
  local isOver = (bound[1] and count > bound[1]) or (bound[2] and shelf.bytes > bound[2])
  call(isOver and "SADD" or "SREM", P .. "overfull", name)
  return isOver and count > 0
end

-- A task that has ended goes on its name's shelf, and its bound is in force there.
function changes.shelve(t, bound)
  local shelf, m = shelfOf(t.name), space.change()
  local bytes = t.more and call("HSTRLEN", P .. "x:" .. t.id, "result") + call("HSTRLEN", P .. "x:" .. t.id, "failure") or 0
  m.shelf = m.shelf + 1
  shelf.bound, shelf.bytes, t.shelved = bound, shelf.bytes + bytes, bytes
  call("ZADD", P .. "shelf:" .. t.name, m.shelf, t.id)
  keepShelf(t.name, shelf)
end

-- Takes a task off its shelf, if it is on one.
function changes.unshelve(t)
  local shelf = shelfOf(t.name)
  shelf.bytes = shelf.bytes - t.shelved
  t.shelved = false
  call("ZREM", P .. "shelf:" .. t.name, t.id)
  keepShelf(t.name, shelf)
end

-- The task that goes first where more are kept than the bound allows; false where none has to.
function changes.firstOverfull(name)
  if not keepShelf(name, shelfOf(name)) then return false end
  return tasks.find(call("ZRANGE", P .. "shelf:" .. name, 0, 0)[1])
end

-- Remembers an id, and what was known by it.
function changes.bury(id, hash, now)
  call("HSET", P .. "th", id, hash)
  call("ZADD", P .. "tz", now + env.tombstoneMs, id)
end

-- Takes an ended task out, and leaves its tombstone.
function changes.removeEnded(t, now)
  tasks.remove(t)
  changes.bury(t.id, t.hash, now)
end
`;
