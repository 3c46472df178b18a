/** Claims of unique keys (model/unique.ts), each a row of its own, which outlives its task's record until it is free. */
export const claimsModule = `
local known = {}

function claims.row(key)
  if known[key] == nil then
    local raw = call("HGET", P .. "u", key)
    known[key] = raw and cmsgpack.unpack(raw) or false
  end
  return known[key]
end

function claims.keep(claim)
  known[claim.key] = claim
  call("HSET", P .. "u", claim.key, cmsgpack.pack(claim))
end

function claims.forget(key)
  known[key] = false
  call("HDEL", P .. "u", key)
  call("ZREM", P .. "un", key)
  call("ZREM", P .. "uf", key)
end

-- Who has a key at a time; false while it is free.
function claims.holder(key, now)
  local claim = claims.row(key)
  return claim and (not claim.freeAt or claim.freeAt > now) and claim or false
end

-- A task that was stored takes a key that is free. What the one before it kept from being made stays written with that one's task.
function claims.take(t, unique, now)
  local key = unique[1]
  local before = claims.row(key)
  local holder = before and tasks.find(before.id)
  if holder and holder.claimKey == key then
    tasks.put(holder, "duplicates", before.duplicates)
    tasks.change(holder)
  end
  t.claimKey = key
  tasks.change(t)
  call("ZADD", P .. "un", 0, key)
  call("ZREM", P .. "uf", key)
  claims.keep({key = key, id = t.id, at = now, keepUntil = unique[3], startBy = unique[4], freeAt = false, duplicates = 0})
end

-- The scope of a task's claim is over; once, later ends change nothing.
function claims.release(t, untilAt)
  local claim = claims.row(t.claimKey)
  if not claim or claim.id ~= t.id or claim.freeAt then return end
  claim.freeAt = claim.keepUntil and claim.keepUntil > untilAt and claim.keepUntil or untilAt
  claims.keep(claim)
end

-- The record of a task goes. Its claim is forgotten when it is free; one that lasts as long as the record is free now, or after its window.
function claims.leave(t)
  local claim = claims.row(t.claimKey)
  if not claim or claim.id ~= t.id or not claim.freeAt then return end
  if claim.freeAt == env.whileRecorded then
    claim.freeAt = claim.keepUntil or 0
    claims.keep(claim)
  end
  call("ZADD", P .. "uf", claim.freeAt, t.claimKey)
end

local function areTiedAlike(t, a)
  return t.limitKey == a[11] and t.fairKey == a[12] and t.lane == a[13] and claims.orderKeyOf(t) == a[10]
end

-- The ordering key as its producer said it: a task keeps the queue in which it was accepted before it.
function claims.orderKeyOf(t)
  return t.orderKey and string.match(t.orderKey, "^[^ ]* (.*)$") or false
end

-- What is in a canvas has a place there that no other task can have, and canvases wait for its end.
local function isVersion(t, a)
  local isAlike = t.name == a[2] and t.queue == a[3] and areTiedAlike(t, a)
  return isAlike and not policyOf(t.policy).member and not policyOf(a[5]).member
end

-- What becomes of a newcomer whose key is claimed by a task: "kept", "taken", "replace" or "update". A record that is gone has ended.
function claims.conflict(holder, a)
  local how = a[18][2]
  if how == "reject" then return "taken" end
  if not holder or holder.state > READY or how == "return" then return "kept" end
  if how == "replace" then return "replace" end
  if holder.fence then return "kept" end
  return isVersion(holder, a) and "update" or "taken"
end

-- What the newcomer says holds from now on, and the start is put off; one that is due already starts as it would have.
local function debounce(holder, claim, a, now)
  local wanted, start = a[6] or now, false
  if not claim.startBy or wanted <= claim.startBy then start = wanted
  else start = claim.startBy > now and claim.startBy or now end
  tasks.replace(holder, function()
    tasks.content(holder, a[16])
    accept.links(holder, a)
    holder.policy = a[24] and a[24][1] .. string.format("%.0f", a[24][3] + now - holder.createdAt) .. a[24][2] or a[5]
    holder.revision = holder.revision + 1
    if holder.state == SCHEDULED then holder.priority, holder.notBefore = a[4], start end
  end)
  tasks.waitUntil(holder, waitingUntil(policyOf(holder.policy), holder.createdAt, holder.state, now))
  space.note(holder, 10, now)
end

-- What becomes of a newcomer whose key is claimed; false: it is to be stored in the place of the one that waits.
function claims.meet(claim, a, now)
  local holder = tasks.find(claim.id)
  local conflict = claims.conflict(holder, a)
  if conflict == "replace" then return false end
  claim.duplicates = claim.duplicates + 1
  claims.keep(claim)
  if conflict == "update" then debounce(holder, claim, a, now) end
  return {2, conflict == "update" and "updated" or conflict, claim.id}
end

-- How many bytes the task counts that has a key.
function claims.quotaBytes(claim)
  local holder = tasks.find(claim.id)
  return holder and (holder.said or holder.bytes) or 0
end

-- Why a newcomer may not be written over the task that waits under its key.
function claims.refusal(claim, a)
  local holder = tasks.find(claim.id)
  if claims.conflict(holder, a) ~= "update" then return false end
  local closed = queues.refusalToEmit(queues.room(queues.row(holder.queue)))
  return closed or queues.refusalToGrow(accept.quotaBytes(a) - (holder.said or holder.bytes), queues.nothing)
end

-- Ends a task that waits because another takes its place.
function claims.replace(claim, now)
  claim.duplicates = claim.duplicates + 1
  claims.keep(claim)
  local holder = tasks.find(claim.id)
  if holder then changes.endWaiting(holder, "replace", now) end
  return {2, "replaced", claim.id}
end
`;
