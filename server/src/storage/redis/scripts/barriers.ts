import { barrierFields } from "./barrier-fields.ts";

const opened = barrierFields.map((name, at) => `${name} = c[${at + 1}] or false`).join(", ");
const closed = barrierFields.map((name) => `b.${name}`).join(", ");

/**
 * Barriers as they are kept, and what becomes of one by itself (model/barrier.ts); what its end means to others: ends.ts. Keys, by the id of
 * a barrier: b: the row, bx: what is beside it, bm: its members by index, bt: and bb: the tasks and the barriers that go on under it; by that
 * of a canvas: cp: its parts, cb: its barriers. Of all canvases: cn newest first, cd by deadline, ce by when they go, but for those that
 * others hold, ch: how many; br: barriers with a rest; co: ends.ts.
 */
export const barriersModule = `
local OPEN, HELD_MS = 0, 3600000
local known, changed = {}, {}

function barriers.find(id)
  local b = known[id]
  if b == nil then
    local raw = call("GET", P .. "b:" .. id)
    if raw then
      local c = cmsgpack.unpack(raw)
      b = {${opened}}
    else b = false end
    known[id] = b
  end
  return b
end

function barriers.flush()
  local writes = {}
  for id, b in pairs(changed) do
    writes[#writes + 1], writes[#writes + 2] = P .. "b:" .. id, cmsgpack.pack({${closed}})
  end
  inPieces("MSET", false, writes)
end

-- What is beside its row.
function barriers.put(b, field, value) call("HSET", P .. "bx:" .. b.id, field, value) end
function barriers.got(b, field) return call("HGET", P .. "bx:" .. b.id, field) end

local function over(b, state, now)
  b.state, b.endedAt, b.hasRest = state, now, b.ended < b.size or not b.isSealed
  if b.hasRest then call("SADD", P .. "br", b.id) end
  if b.place then call("SREM", P .. "bb:" .. b.place[2], b.id)
  else
    b.purgeAt = now + b.retentionMs
    call("ZREM", P .. "cd", b.id)
    call("ZADD", P .. "ce", b.purgeAt, b.id)
  end
  return true
end

-- Ends a barrier all of whose members have ended; answers whether it has by that.
local function settle(b, now)
  changed[b.id] = b
  if b.state ~= OPEN or not b.isSealed or b.ended < b.size then return false end
  return over(b, b.unsuccessful > 0 and b.onMemberFailure ~= "carry_on" and FAILED or SUCCEEDED, now)
end

-- A barrier that comes into being, as canvas-args.ts packs it; one without members that have not ended has ended already. from.ended: how
-- many members barriers have that have ended before. facts: only of a canvas.
function barriers.open(spec, from, now, facts)
  local at, grown, ended = spec[2], from.grown, from.ended and from.ended[spec[1]] or 0
  if grown and at[2] == grown[1] then at[3] = at[3] + grown[2] end
  local b = {
    id = spec[1], canvas = from.canvas, place = at, shape = spec[3], onMemberFailure = spec[4], size = spec[5],
    isSealed = spec[6], next = spec[7], state = OPEN, ended = ended, unsuccessful = 0, attempted = ended, parentId = from.parentId,
    rootId = from.rootId, createdAt = now, endedAt = false, hasRest = false, hasCallbacks = spec[8] and true or false,
    hasCause = false, hash = false, retentionMs = false, purgeAt = false, name = false, tags = false,
    retryOf = false,
  }
  known[b.id] = b
  call("ZADD", P .. "cb:" .. b.canvas, 0, b.id)
  if b.hasCallbacks then call("HSET", P .. "bx:" .. b.id, "callbacks", spec[8], "made", spec[9]) end
  if b.place then call("SADD", P .. "bb:" .. b.place[2], b.id) end
  if facts then
    b.hash, b.retentionMs, b.name, b.tags, b.retryOf = facts[1], facts[2], facts[4], facts[5], facts[8]
    call("HSET", P .. "bx:" .. b.id, "facts", facts[6], "description", facts[7])
    if facts[3] then call("ZADD", P .. "cd", facts[3], b.id) end
    local m = space.change()
    m.seq = m.seq + 1
    call("ZADD", P .. "cn", m.seq, b.id)
  end
  settle(b, now)
  return b
end

-- Keeps a member that has ended. False: its index was there.
function barriers.keep(b, index, member)
  return call("HSETNX", P .. "bm:" .. b.id, index, cmsgpack.pack(member)) == 1
end

-- What made it fail, packed; the first that is said stays.
function barriers.cause(b) return b.hasCause and barriers.got(b, "cause") end

local function blame(b, cause)
  if b.hasCause or not cause then return end
  b.hasCause = true
  barriers.put(b, "cause", cause)
end

-- A member that has ended counts, also in a barrier that has; answers whether the barrier has ended by it.
function barriers.count(b, state, cause, now)
  changed[b.id] = b
  b.ended = b.ended + 1
  if state ~= SUCCEEDED then
    b.unsuccessful = b.unsuccessful + 1
    -- What happens after its end has not made it fail.
    if b.state == OPEN then
      blame(b, cause)
      if b.onMemberFailure == "fail_fast" then return over(b, FAILED, now) end
    end
  end
  return settle(b, now)
end

-- Whether the first attempts of all its members have ended, and no others come.
function barriers.isAttempted(b) return b.isSealed and b.attempted == b.size end

-- A further first attempt has ended; answers whether that was the last one.
function barriers.countAttempt(b)
  changed[b.id] = b
  b.attempted = b.attempted + 1
  return barriers.isAttempted(b)
end

function barriers.grow(b, by, isSealed, now)
  b.size, b.isSealed = b.size + by, isSealed
  return settle(b, now)
end

-- Ends an open barrier before its members.
function barriers.close(b, state, cause, now)
  blame(b, cause)
  over(b, state, now)
  changed[b.id] = b
end

function barriers.sweep(b)
  b.hasRest = false
  call("SREM", P .. "br", b.id)
  changed[b.id] = b
end

-- Keeps what starts later: {id, packed} each. grown: of what is added to a barrier, that and from which index on its further members are.
function barriers.keepParts(canvas, parts, grown)
  local list = {}
  for _, part in ipairs(parts) do
    local packed = part[2]
    if grown then
      local said = cmsgpack.unpack(packed)
      packed = cmsgpack.pack({said[1], said[2], said[3], grown})
    end
    list[#list + 1], list[#list + 2] = part[1], packed
  end
  inPieces("HSET", P .. "cp:" .. canvas, list)
end

-- What was kept of a part: {text, the part, index of its first member, what grew by it}; false where there is none.
function barriers.part(canvas, id)
  local raw = call("HGET", P .. "cp:" .. canvas, id)
  return raw and cmsgpack.unpack(raw)
end

-- Until when an ended task is kept, because there is a canvas that it is in; false where there is none.
function barriers.heldUntil(canvas, now)
  local root = barriers.find(canvas)
  return root and math.max(root.purgeAt or 0, now + HELD_MS)
end

-- Has a canvas that ended stay as long as there is another that retries it.
function barriers.hold(canvas)
  call("HINCRBY", P .. "ch", canvas, 1)
  call("ZREM", P .. "ce", canvas)
end

local function release(canvas)
  if call("HINCRBY", P .. "ch", canvas, -1) > 0 then return end
  call("HDEL", P .. "ch", canvas)
  local b = barriers.find(canvas)
  if b then call("ZADD", P .. "ce", b.purgeAt, canvas) end
end

local function forget(b)
  known[b.id], changed[b.id] = false, nil
  local keys = {}
  for i, name in ipairs({"b:", "bx:", "bm:", "bt:", "bb:"}) do keys[i] = P .. name .. b.id end
  call("UNLINK", unpack(keys))
  call("ZREM", P .. "cb:" .. b.canvas, b.id)
  call("SREM", P .. "br", b.id)
end

-- Removes a canvas with so many barriers at most, itself last; answers how many went, and whether it did.
function barriers.remove(root, limit)
  local gone = 0
  for _, id in ipairs(call("ZRANGE", P .. "cb:" .. root.canvas, 0, limit)) do
    if id ~= root.id and gone < limit then
      forget(barriers.find(id))
      gone = gone + 1
    end
  end
  if gone == limit then return gone, false end
  forget(root)
  call("UNLINK", P .. "cp:" .. root.canvas)
  for _, index in ipairs({"cn", "cd", "ce"}) do call("ZREM", P .. index, root.id) end
  if root.retryOf then release(root.retryOf) end
  return gone + 1, true
end

-- Removes all canvases, so many barriers at most; answers how many went.
function barriers.clear(limit)
  local gone = 0
  for _, id in ipairs(call("ZRANGE", P .. "cn", 0, limit - 1)) do
    if gone < limit then gone = gone + barriers.remove(barriers.find(id), limit - gone) end
  end
  return gone
end
`;
