/**
 * New tasks. Each comes as a list: id, name, queue, priority, policy, notBefore, tags, replayOf, ties, ordering key, limit key, fairness
 * key, lane, parent, root, content, hash, unique {key, onConflict, keepUntil, startBy}, links, what links make, input, its data, the bytes of
 * both, of a policy with an expiry the text around that and the expiry itself, and where it is in a canvas.
 */
export const acceptModule = `
local hasTombstones, hasRevocations

-- What a task is known by, also one that was removed; false where it is new.
function accept.hashOf(id)
  local t = tasks.find(id)
  if t then return t.hash end
  if hasTombstones == nil then hasTombstones = call("EXISTS", P .. "th") == 1 end
  return hasTombstones and call("HGET", P .. "th", id)
end

-- How many bytes a task counts that comes: what its producer said, of its links, too, and not what it is handed.
function accept.quotaBytes(a) return #a[16] + a[23] - (a[22] and #a[22] or 0) end

-- What a task says of its links, and what it is handed; of one that is written over another, that one's links.
function accept.links(t, a)
  local handed = tasks.got(t, "handed")
  for _, field in ipairs({"links", "made", "input", "handed"}) do tasks.take(t, field) end
  if a[19] then tasks.put(t, "links", a[19]) end
  if a[20] then tasks.put(t, "made", t.id == a[1] and a[20] or linkedIds.under(a[20], t.id)) end
  if a[21] then tasks.put(t, "input", cmsgpack.pack(a[21])) end
  if a[22] then tasks.put(t, "handed", a[22]) end
  local linked = a[23] - (a[22] and #a[22] or 0)
  t.said = linked > 0 and t.bytes + linked
  t.linked, t.carried = a[23], t.carried + (a[22] and #a[22] or 0) - (handed and #handed or 0)
end

local function taskOf(a, q, now)
  local m = space.change()
  m.seq = m.seq + 1
  local isDelayed = a[6] and a[6] > now
  local t = {
    seq = m.seq, id = a[1], name = a[2], queue = a[3], priority = a[4], turn = queues.turnOf(q, a[12]), policy = a[5],
    state = isDelayed and SCHEDULED or READY, reason = isDelayed and 1 or 0, revision = 1, attempt = 1, deliveries = 0,
    epoch = false, fence = false, worker = false, createdAt = now, notBefore = a[6], startedAt = false, timer = false,
    endedAt = false, cancel = false, tags = a[7], replayOf = a[8], ties = a[9], parentId = a[14], rootId = a[15],
    hash = a[17], linked = 0, carried = 0, held = 0, named = false, orderKey = a[10] and a[3] .. " " .. a[10],
    limitKey = a[11], fairKey = a[12], lane = a[13], settled = false, waitUntil = false, claimKey = false, more = false,
    shelved = false, place = a[25], said = false,
  }
  t.named = gates.limit("name", t.name) and true or false
  return t
end

local function store(a, now, enter)
  local q, refusal = enter(a[3], accept.quotaBytes(a), now)
  if not q then return refusal end
  local t = taskOf(a, q, now)
  tasks.content(t, a[16])
  if a[19] or a[20] or a[21] then accept.links(t, a) end
  tasks.insert(t)
  local untilAt = waitingUntil(policyOf(t.policy), t.createdAt, t.state, now)
  if untilAt then tasks.waitUntil(t, untilAt) end
  space.note(t, 0, now)
  return "accepted"
end

local function unique(a, now, enter)
  local claim = claims.holder(a[18][1], now)
  local refusal = claim and enter ~= queues.promised and claims.refusal(claim, a)
  if refusal then return refusal end
  local verdict = claim and claims.meet(claim, a, now)
  if verdict then return verdict end
  local stored = store(a, now, enter)
  if stored ~= "accepted" then return stored end
  local replaced = claim and claims.replace(claim, now)
  claims.take(tasks.find(a[1]), a[18], now)
  return replaced or stored
end

function accept.one(a, now, enter)
  local known = accept.hashOf(a[1])
  if known then return known == a[17] and "duplicate" or "exists" end
  if a[18] then return unique(a, now, enter) end
  return store(a, now, enter)
end

-- Whether a task is there now that was not: also in the place of one that had its key.
function accept.isStored(verdict)
  return verdict == "accepted" or type(verdict) == "table" and verdict[1] == 2 and verdict[2] == "replaced"
end

function accept.forgetRevocation(id)
  call("HDEL", P .. "rv", id)
  call("ZREM", P .. "rz", id)
  call("ZREM", P .. "rn", id)
end

-- Cancels a task that has just been accepted, where its id was revoked before it came.
function accept.cancelIfRevoked(id, now)
  if hasRevocations == nil then hasRevocations = call("EXISTS", P .. "rv") == 1 end
  local raw = hasRevocations and call("HGET", P .. "rv", id)
  local t = raw and tasks.find(id)
  if not t then return end
  local revocation = cmsgpack.unpack(raw)
  accept.forgetRevocation(id)
  if revocation[1] <= now then return end
  if t.state <= READY then changes.endWaiting(t, "cancel", now, revocation[2])
  elseif t.state == LEASED and not t.cancel then
    changes.write(t, {state = LEASED, reason = t.reason, event = 8, attempt = t.attempt, delta = 0, cancel = revocation[2]}, now, false)
  end
end

-- Goes through an atomic batch as accept would, and writes nothing (storage/judge.ts). False: all of it can be stored.
-- before: what comes with it, and was judged by itself {tasks, bytes, tasks by queue}.
function accept.judge(batch, now, before)
  local arrived, own, keys = {}, before and before[3] or {}, {}
  -- What is under a key counts when some of the batch were written over it.
  local longer = {}
  local came = {tasks = before and before[1] or 0, bytes = before and before[2] or 0, made = 0}
  for name in pairs(own) do
    if not queues.find(name) then came.made = came.made + 1 end
  end
  local function refusalOf(a)
    local q = queues.find(a[3])
    local isNew = not q and not own[a[3]]
    local made = isNew and queues.refusalToMake(a[3], false, came.made)
    local room = q and queues.room(q) or {life = "open", max = false, tasks = 0}
    room.tasks = room.tasks + (own[a[3]] or 0)
    local refusal = made or queues.refusalToEnter(room, accept.quotaBytes(a), came)
    if refusal then return refusal end
    came.tasks, came.bytes, came.made = came.tasks + 1, came.bytes + accept.quotaBytes(a), came.made + (isNew and 1 or 0)
    own[a[3]] = (own[a[3]] or 0) + 1
    return false
  end
  -- What a task gets whose key is taken; false: it would be stored.
  local function meet(a)
    local arrival = keys[a[18][1]]
    local claim = not arrival and claims.holder(a[18][1], now)
    if not arrival and not claim then return false end
    local holder = arrival and {state = READY, fence = false, name = arrival[2], queue = arrival[3], policy = arrival[5],
      limitKey = arrival[11], fairKey = arrival[12], lane = arrival[13], orderKey = arrival[10] and arrival[3] .. " " .. arrival[10]}
    local conflict = claims.conflict(holder or tasks.find(claim.id), a)
    if conflict == "replace" then return false end
    local q = conflict == "update" and queues.find(a[3])
    if conflict == "update" then
      local key = a[18][1]
      local before = longer[key] or arrival and accept.quotaBytes(arrival) or claims.quotaBytes(claim)
      local more = accept.quotaBytes(a) - before
      local refusal = q and (queues.refusalToEmit(queues.room(q)) or queues.refusalToGrow(more, came))
      if refusal then return refusal end
      came.bytes, longer[key] = came.bytes + more, before + more
    end
    return conflict == "taken" and {2, "taken", arrival and arrival[1] or claim.id} or "withheld"
  end
  local function one(a)
    local known = accept.hashOf(a[1])
    if known then return known == a[17] and "duplicate" or "exists" end
    if arrived[a[1]] then return arrived[a[1]] == a[17] and "withheld" or "exists" end
    local verdict = a[18] and meet(a) or refusalOf(a)
    if verdict then return verdict end
    arrived[a[1]] = a[17]
    if a[18] then keys[a[18][1]] = a end
    return "withheld"
  end
  local verdicts, isRefused = {}, false
  for i, a in ipairs(batch) do
    local verdict = one(a)
    verdicts[i] = verdict
    if verdict == "exists" or type(verdict) == "table" and (verdict[1] == 1 or verdict[2] == "taken") then isRefused = true end
  end
  return isRefused and verdicts
end

-- Stores new tasks one after the other; an atomic batch only when nothing of it is refused.
function accept.all(batch, now, isAtomic, isJudged)
  local ids = {}
  for i, a in ipairs(batch) do ids[i] = a[1] end
  tasks.fetch(ids)
  local refusal = isAtomic and accept.judge(batch, now)
  if refusal then return refusal end
  local verdicts = {}
  if isJudged then
    for i = 1, #batch do verdicts[i] = "withheld" end
    return verdicts
  end
  for i, a in ipairs(batch) do verdicts[i] = accept.one(a, now, queues.enter) end
  for _, a in ipairs(batch) do accept.cancelIfRevoked(a[1], now) end
  return verdicts
end

-- batch, now, isAtomic, isJudged
function verbs.accept(asked)
  if not space.isListed() then return "unlisted" end
  gates.now = asked[2]
  return accept.all(asked[1], asked[2], asked[3], asked[4])
end
`;
