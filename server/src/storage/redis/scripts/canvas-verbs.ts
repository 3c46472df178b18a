/** Canvases, and what becomes of them from outside. What ends of tasks mean for them: ends.ts. */
export const canvasVerbsModule = `
local OPEN = 0

-- The first task that keeps out all that came with it: {id, why}; false where none does.
local function refusedOf(batch, verdicts)
  for i, verdict in ipairs(verdicts or {}) do
    -- A key that is taken is in the way as an id is.
    if verdict == "exists" or type(verdict) == "table" and verdict[2] == "taken" then return {batch[i][1], "exists"} end
    if type(verdict) == "table" and verdict[1] == 1 then return {batch[i][1], verdict} end
  end
  return false
end

-- Stores the tasks of what starts now, and opens its barriers. What is not stored although nothing was refused has failed where it stands.
local function start(part, batch, from, now)
  local lost = {}
  for _, a in ipairs(batch) do
    if not accept.isStored(accept.one(a, now, queues.enter)) then lost[#lost + 1] = a end
  end
  for _, a in ipairs(batch) do accept.cancelIfRevoked(a[1], now) end
  ends.ofAll(ends.open(part, from, now), now)
  for _, a in ipairs(lost) do ends.notMade(a, now) end
end

-- Keeps members that have ended before: {barrier, indexes and members in turn} each; answers how many each barrier has.
local function keepEnded(list)
  local counts = {}
  for _, own in ipairs(list) do
    inPieces("HSET", P .. "bm:" .. own[1], own[2])
    counts[own[1]] = #own[2] / 2
  end
  return counts
end

-- id, the outermost barrier, facts, what starts, parts, {parent, root} of what it starts, now, members that have ended before
function verbs.submitCanvas(asked)
  if not space.isListed() then return "unlisted" end
  local id, part, now = asked[1], asked[4], asked[7]
  local from = {canvas = id, parentId = asked[6][1], rootId = asked[6][2]}
  local root = barriers.find(id)
  local known = root and root.hash or accept.hashOf("canvas " .. id)
  if known then return known == asked[3][1] and "duplicate" or "exists" end
  local retryOf = asked[3][8]
  if retryOf and not barriers.find(retryOf) then return "gone" end
  gates.now = now
  local batch = ends.made(part, from, now)
  local refused = refusedOf(batch, accept.judge(batch, now))
  if refused then return refused end
  if retryOf then barriers.hold(retryOf) end
  from.ended = keepEnded(asked[8])
  barriers.keepParts(id, asked[5])
  root = barriers.open(asked[2], from, now, asked[3])
  if root.state ~= OPEN then ends.ofBarrier(root, now) end
  start(part, batch, from, now)
  return "accepted"
end

-- id, what starts, its id, parts, whether no others come after it, now
function verbs.addMembers(asked)
  local b, part, now = barriers.find(asked[1]), asked[2], asked[6]
  if not b then return {"unknown"} end
  local before = barriers.part(b.canvas, asked[3])
  if before and before[3] then return {"duplicate", before[3]} end
  if b.state ~= OPEN or b.isSealed then return {"closed"} end
  gates.now = now
  local from, first, by = {canvas = b.canvas, parentId = b.parentId, rootId = b.rootId}, b.size, barriers.shift(b, part)
  local batch = ends.made(part, from, now)
  local refused = refusedOf(batch, accept.judge(batch, now))
  if refused then return {"refused", refused} end
  barriers.keepParts(b.canvas, asked[4])
  barriers.keepParts(b.canvas, {{asked[3], cmsgpack.pack({false, false, first})}})
  if barriers.grow(b, by, asked[5], now) then ends.ofBarrier(b, now) end
  start(part, batch, from, now)
  return {"added", first}
end

-- id, state, cause, now
function verbs.closeBarrier(asked)
  local b = barriers.find(asked[1])
  if not b or b.state ~= OPEN then return false end
  gates.now = asked[4]
  barriers.close(b, asked[2], asked[3], asked[4])
  if b.state == FAILED then ends.ofBarrier(b, asked[4]) end
  return true
end

function verbs.markSwept(ids)
  for _, id in ipairs(ids) do
    local b = barriers.find(id)
    if b then barriers.sweep(b) end
  end
  return true
end

-- now, how many canvases, how many barriers: {canvases that went, whether there are more}. One that is large goes in several calls.
function verbs.pruneCanvases(asked)
  local now, canvases, left, isGone = asked[1], 0, asked[3], true
  for _, id in ipairs(call("ZRANGEBYSCORE", P .. "ce", "-inf", now, "LIMIT", 0, asked[2])) do
    if left == 0 then return {canvases, true} end
    local root = barriers.find(id)
    local count
    count, isGone = barriers.remove(root, left)
    if not isGone then return {canvases, true} end
    changes.bury("canvas " .. id, root.hash, now)
    canvases, left = canvases + 1, math.max(0, left - count)
  end
  return {canvases, false}
end
`;
