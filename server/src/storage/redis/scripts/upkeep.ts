/** What has to happen without anybody asking, and what operators do to tasks behind their producers' backs. */
export const upkeepModule = `
-- Takes from an index by time what is over, so many at most.
local function over(index, now, limit) return call("ZRANGEBYSCORE", P .. index, "-inf", now, "LIMIT", 0, limit) end

local function pruneRevocations(now, limit)
  for _, id in ipairs(over("rz", now, limit)) do accept.forgetRevocation(id) end
end

-- Sets when an ended task goes.
local function keepUntil(t, at)
  t.timer = at
  call("ZADD", P .. "e", at, member(t))
  tasks.change(t)
end

-- now, limit: ended tasks whose time is over, then tombstones; what only takes room goes beside.
function verbs.prune(asked)
  local now, limit = asked[1], asked[2]
  pruneRevocations(now, limit)
  for _, name in ipairs(call("SMEMBERS", P .. "qt")) do
    local q = queues.row(name)
    if q and q.turn then call("ZREMRANGEBYSCORE", P .. "q:" .. name .. ":t", "-inf", place(q.turn)) end
    if call("EXISTS", P .. "q:" .. name .. ":t") == 0 then call("SREM", P .. "qt", name) end
  end
  local ids = {}
  for i, text in ipairs(over("e", now, limit)) do ids[i] = idIn(text) end
  tasks.fetch(ids)
  for _, id in ipairs(ids) do
    local t = tasks.find(id)
    local heldUntil = t.place and barriers.heldUntil(t.place[1], now)
    if heldUntil then keepUntil(t, heldUntil) else changes.removeEnded(t, now) end
  end
  local tombs = limit > #ids and over("tz", now, limit - #ids) or {}
  if #tombs > 0 then
    inPieces("HDEL", P .. "th", tombs)
    inPieces("ZREM", P .. "tz", tombs)
  end
  ends.look()
  return #ids + #tombs
end

-- now, limit
function verbs.pruneOverfull(asked)
  local gone = 0
  for _, name in ipairs(call("SMEMBERS", P .. "overfull")) do
    local t = gone < asked[2] and changes.firstOverfull(name)
    while t do
      changes.removeEnded(t, asked[1])
      gone = gone + 1
      t = gone < asked[2] and changes.firstOverfull(name)
    end
  end
  return gone
end

-- id, purgeAt
function verbs.setRetention(asked)
  local t = tasks.find(asked[1])
  if not t then return "unknown" end
  if t.state < SUCCEEDED then return "live" end
  keepUntil(t, asked[2])
  if t.shelved then changes.unshelve(t) end
  return "set"
end

-- now, limit: {ids that ended with their times and places, how many were looked at}
function verbs.expireOverdue(asked)
  local now, found, expired, ids = asked[1], over("w", asked[1], asked[2]), {}, {}
  gates.now = now
  for i, text in ipairs(found) do ids[i] = idIn(text) end
  tasks.fetch(ids)
  for _, id in ipairs(ids) do
    local t = tasks.find(id)
    tasks.waitUntil(t, false)
    if changes.endWaiting(t, "overdue", now) then expired[#expired + 1] = id end
  end
  return {expired, #found}
end

-- ids, now
function verbs.remove(asked)
  local verdicts = {}
  for i, id in ipairs(asked[1]) do
    local t = tasks.find(id)
    verdicts[i] = not t and "unknown" or t.state < SUCCEEDED and "live" or "removed"
    if verdicts[i] == "removed" then changes.removeEnded(t, asked[2]) end
  end
  return verdicts
end

local function revokeOne(id, untilAt, cancel, now)
  if tasks.find(id) then return "known" end
  if accept.hashOf(id) then return "gone" end
  if call("HEXISTS", P .. "rv", id) == 0 and call("HLEN", P .. "rv") >= env.revocationsMax then
    pruneRevocations(now, env.revocationsMax)
    if call("HLEN", P .. "rv") >= env.revocationsMax then return "limit" end
  end
  call("HSET", P .. "rv", id, cmsgpack.pack({untilAt, cancel}))
  call("ZADD", P .. "rz", untilAt, id)
  call("ZADD", P .. "rn", 0, id)
  space.change()
  return "noted"
end

-- {id, until, cancel}, now
function verbs.revoke(asked)
  if not space.isListed() then return "unlisted" end
  local verdicts = {}
  for i, each in ipairs(asked[1]) do verdicts[i] = revokeOne(each[1], each[2], each[3], asked[2]) end
  return verdicts
end

-- after, limit, now: the part of a page that one call looks at; {entries, where to go on}.
function verbs.listRevocations(asked)
  local list, after = {}, asked[1] and "(" .. asked[1] or "-"
  local ids = call("ZRANGEBYLEX", P .. "rn", after, "+", "LIMIT", 0, asked[2])
  for _, id in ipairs(ids) do
    local entry = cmsgpack.unpack(call("HGET", P .. "rv", id))
    if entry[1] > asked[3] then list[#list + 1] = {id, entry[1], entry[2]} end
  end
  return {list, #ids == asked[2] and ids[#ids]}
end

-- ids, now: those that were there and not over.
function verbs.withdrawRevocations(asked)
  local withdrawn = {}
  for _, id in ipairs(asked[1]) do
    local raw = call("HGET", P .. "rv", id)
    if raw then
      accept.forgetRevocation(id)
      if cmsgpack.unpack(raw)[1] > asked[2] then withdrawn[#withdrawn + 1] = id end
    end
  end
  return withdrawn
end

-- Where an edited task goes; one that stays is asked nothing.
local function queueFor(t, name, now)
  if name == t.queue then return queues.row(name) end
  local q, refusal = queues.open(name, now)
  if not q then return false, refusal end
  local moved = queues.refusalToMove(queues.room(q))
  if moved then return false, moved end
  return q
end

-- id, revision, state, reason, queue, priority, notBefore, content, now
local function editOne(asked)
  local t, now = tasks.find(asked[1]), asked[9]
  if not t or t.revision ~= asked[2] or t.state > READY then return "conflict" end
  local grown = asked[8] and queues.refusalToGrow(#asked[8] - t.bytes, queues.nothing)
  if grown then return grown end
  local q, refusal = queueFor(t, asked[5], now)
  if not q then return refusal end
  local wasReady = t.state == READY
  tasks.replace(t, function()
    if asked[8] then tasks.content(t, asked[8]) end
    -- It stays in the order in which it was accepted; turns are those of its queue.
    if q.name ~= t.queue then t.turn = queues.turnOf(q, t.fairKey) end
    t.state, t.reason, t.queue, t.priority, t.notBefore = asked[3], asked[4], asked[5], asked[6], asked[7]
    t.revision = t.revision + 1
  end)
  if not wasReady or t.state ~= READY then
    local untilAt = waitingUntil(policyOf(t.policy), t.createdAt, t.state, now)
    if untilAt then tasks.waitUntil(t, untilAt) end
  end
  space.note(t, 10, now)
  return "applied"
end

function verbs.edit(asked)
  local verdicts = {}
  if #asked > 0 then gates.now = asked[1][9] end
  for i, each in ipairs(asked) do verdicts[i] = editOne(each) end
  return verdicts
end

local function shown(claim)
  return {claim.key, claim.id, claim.at, claim.freeAt ~= env.whileRecorded and claim.freeAt, claim.duplicates}
end

function verbs.getClaim(asked)
  local claim = claims.holder(asked[1], asked[2])
  return claim and shown(claim)
end

-- after, limit, now: the part of a page that one call looks at; {claims, where to go on}.
function verbs.listClaims(asked)
  local list, after = {}, asked[1] and "(" .. asked[1] or "-"
  local keys = call("ZRANGEBYLEX", P .. "un", after, "+", "LIMIT", 0, asked[2])
  for _, key in ipairs(keys) do
    local claim = claims.holder(key, asked[3])
    if claim then list[#list + 1] = shown(claim) end
  end
  return {list, #keys == asked[2] and keys[#keys]}
end

function verbs.pruneClaims(asked)
  local gone = 0
  for _, key in ipairs(over("uf", asked[1], asked[2])) do
    claims.forget(key)
    gone = gone + 1
  end
  return gone
end
`;
