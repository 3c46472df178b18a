/** Canvases, and what becomes of them from outside. What ends of tasks mean for them: ends.ts. */
export const canvasVerbsModule = `
local OPEN = 0

-- The first task that keeps out all that came with it: {id, why}; false where none does.
local function refusedOf(batch, verdicts)
  for i, verdict in ipairs(verdicts or {}) do
    local isRefusal = type(verdict) == "table" and (verdict[1] == 1 or verdict[2] == "taken")
    if verdict == "exists" or isRefusal then return {batch[i][1], verdict} end
  end
  return false
end

-- What is known of a canvas, also of one that was removed; false where it is new.
local function hashOf(id)
  local root = barriers.find(id)
  return root and root.hash or accept.hashOf("canvas " .. id)
end

-- Why members may not be added, or that they were; false where they may.
local function verdictBefore(b, partId)
  if not b then return {"unknown"} end
  local before = barriers.part(b.canvas, partId)
  if before and before[3] then return {"duplicate", before[3]} end
  return (b.state ~= OPEN or b.isSealed) and {"closed"}
end

local function refusedIn(part, from, now)
  local batch = {}
  for _, packed in ipairs(part[2]) do
    for _, a in ipairs(ends.made(packed, from, now)) do batch[#batch + 1] = a end
  end
  return refusedOf(batch, accept.judge(batch, now))
end

-- Of one piece of a large part, the task that keeps it out; false where none does, or it is not asked.
-- canvas, barrier, id of the part, packed tasks, what came before it {tasks, bytes, tasks by queue}, now
function verbs.judgePart(asked)
  local canvas, now = asked[1], asked[6]
  if canvas and hashOf(canvas) or not canvas and verdictBefore(barriers.find(asked[2]), asked[3]) then return false end
  local batch = ends.made(asked[4], {}, now)
  return refusedOf(batch, accept.judge(batch, now, asked[5]))
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

-- id, the outermost barrier, facts, what starts, whether it was judged, parts, {parent, root} of what it starts, now, members that have
-- ended before
function barriers.submit(asked)
  local id, part, now = asked[1], asked[4], asked[8]
  local from = {canvas = id, parentId = asked[7][1], rootId = asked[7][2], left = false}
  local known = hashOf(id)
  if known then return known == asked[3][1] and "duplicate" or "exists" end
  local retryOf = asked[3][8]
  if retryOf and not barriers.find(retryOf) then return "gone" end
  gates.now = now
  local refused = not asked[5] and refusedIn(part, from, now)
  if refused then return refused end
  if retryOf then barriers.hold(retryOf) end
  from.ended = keepEnded(asked[9])
  barriers.keepParts(id, asked[6])
  local root = barriers.open(asked[2], from, now, asked[3])
  if root.state ~= OPEN then ends.ofBarrier(root, now) end
  ends.ofAll(ends.start(part, from, now), now)
  return "accepted"
end

function verbs.submitCanvas(asked)
  if not space.isListed() then return "unlisted" end
  return barriers.submit(asked)
end

-- id, what starts, whether it was judged, its id, parts, whether no others come after it, now
function verbs.addMembers(asked)
  local b, part, id, now = barriers.find(asked[1]), asked[2], asked[4], asked[7]
  local before = verdictBefore(b, id)
  if before then return before end
  gates.now = now
  local first = b.size
  local from = {canvas = b.canvas, parentId = b.parentId, rootId = b.rootId, left = false, grown = {b.id, first}}
  local refused = not asked[3] and refusedIn(part, from, now)
  if refused then return {"refused", refused} end
  barriers.keepParts(b.canvas, asked[5], from.grown)
  barriers.keepParts(b.canvas, {{id, cmsgpack.pack({false, false, first})}})
  if barriers.grow(b, part[3][b.id] or 0, asked[6], now) then ends.ofBarrier(b, now)
  elseif barriers.isAttempted(b) then ends.ofTried(b, now) end
  ends.ofAll(ends.start(part, from, now), now)
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
