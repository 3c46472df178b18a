/** Queues as operators see and change them. */
export const queueVerbsModule = `
-- When the oldest ready task was accepted: the first by acceptance of each lane, or of those that stand elsewhere or have turns.
local function oldestReadyAt(q)
  if q.depth[READY + 1] == 0 then return false end
  local at, oldest = P .. "q:" .. q.name, false
  local function consider(seq, id) if not oldest or seq < oldest.seq then oldest = {seq = seq, id = id} end end
  for _, text in ipairs(call("SMEMBERS", at .. ":n")) do
    local first = call("ZRANGE", at .. ":r:" .. text, 0, 0, "WITHSCORES")
    if first[1] and tonumber(first[2]) == 0 then consider(tonumber(string.sub(first[1], 1, 16)), idIn(first[1])) end
  end
  local special = call("ZRANGE", at .. ":s", 0, 0, "WITHSCORES")
  if special[1] then consider(tonumber(special[2]), special[1]) end
  return oldest and tasks.find(oldest.id).createdAt
end

local function shown(q)
  return {q.name, q.createdAt, q.settings, q.revision, q.life == "deleting", q.pause, q.depth, oldestReadyAt(q)}
end

function verbs.getQueue(name)
  local q = queues.find(name)
  return q and shown(q)
end

function verbs.listQueues(asked)
  local after, list = asked[1] and "(" .. asked[1] or "-", {}
  for i, name in ipairs(call("ZRANGEBYLEX", P .. "qn", after, "+", "LIMIT", 0, asked[2])) do list[i] = shown(queues.find(name)) end
  return list
end

function verbs.readyCounts(names)
  local counts, isActive = {}, space.row().state == "active"
  for i, name in ipairs(names) do
    local q = queues.find(name)
    counts[i] = q and q.life == "there" and not q.pause and isActive and q.depth[READY + 1] or 0
  end
  return counts
end

-- {how many are ready, how many of each priority}: those in lanes, and those that wait at gates.
function verbs.readPriorities(name)
  local q = queues.find(name)
  if not q then return {0, {}} end
  local at, counts, list = P .. "q:" .. name, {}, {}
  local function add(priority, count) counts[priority] = (counts[priority] or 0) + count end
  for _, text in ipairs(call("SMEMBERS", at .. ":n")) do
    add(tonumber(string.match(text, "^%S+")), call("ZCARD", at .. ":r:" .. text))
  end
  local held = call("HGETALL", at .. ":h")
  for i = 1, #held, 2 do add(tonumber(held[i]), tonumber(held[i + 1])) end
  for priority, count in pairs(counts) do
    if count > 0 then list[#list + 1] = {priority, count} end
  end
  table.sort(list, function(a, b) return a[1] > b[1] end)
  return {q.depth[READY + 1], list}
end

local function pause(q, said)
  queues.change(q).pause = said
  if said and said[4] then call("ZADD", P .. "pz", said[4], q.name) else call("ZREM", P .. "pz", q.name) end
end

-- name, pause {reason, at, by, resumeAt}, now
function verbs.setPause(asked)
  if not space.isListed() then return "unlisted" end
  if not asked[2] and not queues.find(asked[1]) then return "done" end
  local q, refusal = queues.open(asked[1], asked[3])
  if not q then return refusal end
  pause(q, asked[2])
  return "done"
end

-- Names and times, for the caller merges those of all namespaces.
function verbs.duePauses(asked)
  return call("ZRANGEBYSCORE", P .. "pz", "-inf", asked[1], "WITHSCORES", "LIMIT", 0, asked[2])
end

function verbs.endPauses(asked)
  local ended = {}
  for _, name in ipairs(asked[1]) do
    local q = queues.find(name)
    if q and q.pause and q.pause[4] and q.pause[4] <= asked[2] then
      pause(q, false)
      ended[#ended + 1] = name
    end
  end
  return ended
end

function verbs.purgeMark(name)
  local q = queues.find(name)
  return {space.row().seq, q and q.depth[SCHEDULED + 1] + q.depth[READY + 1] or 0}
end

-- Up to so many waiting tasks of a queue that were accepted up to a mark.
local function waitingIn(q, upTo, limit)
  local at, ids = P .. "q:" .. q.name, {}
  local function add(list) for _, id in ipairs(list) do if #ids < limit then ids[#ids + 1] = id end end end
  for _, text in ipairs(call("SMEMBERS", at .. ":n")) do
    local found = #ids < limit and call("ZRANGEBYSCORE", at .. ":r:" .. text, 0, 0, "LIMIT", 0, limit - #ids) or {}
    for _, entry in ipairs(found) do
      if tonumber(string.sub(entry, 1, 16)) <= upTo then add({idIn(entry)}) end
    end
  end
  for _, index in ipairs({":s", ":d"}) do
    if #ids < limit then add(call("ZRANGEBYSCORE", at .. index, "-inf", place(upTo), "LIMIT", 0, limit - #ids)) end
  end
  return ids
end

function queues.purge(q, upTo, now, limit)
  local ids = waitingIn(q, upTo, limit)
  tasks.fetch(ids)
  for _, id in ipairs(ids) do changes.endWaiting(tasks.find(id), "purge", now) end
  return #ids
end

-- name, upTo, now, limit
function verbs.purge(asked)
  local q = queues.find(asked[1])
  gates.now = asked[3]
  return q and queues.purge(q, asked[2], asked[3], asked[4]) or 0
end

local function areSame(a, b) return a[1] == b[1] and a[2] == b[2] and a[3] == b[3] end

-- name, settings {description, backlogMax, isClosed}, now
function verbs.createQueue(asked)
  if not space.isListed() then return "unlisted" end
  local found = queues.find(asked[1])
  if found and found.life == "deleting" then return queues.refused("queue_deleting") end
  if found then return areSame(found.settings, asked[2]) and "same" or "other" end
  -- An operator makes it, so it may be made.
  local q, refusal = queues.open(asked[1], asked[3], true)
  if not q then return refusal end
  q.settings = asked[2]
  return "created"
end

-- name, settings, revision
function verbs.updateQueue(asked)
  local q = queues.find(asked[1])
  if not q then return "unknown" end
  if q.revision ~= asked[3] or q.life ~= "there" then return "conflict" end
  queues.change(q)
  q.settings, q.revision = asked[2], q.revision + 1
  return "done"
end

-- name, force, now
function verbs.deleteQueue(asked)
  local q = queues.find(asked[1])
  if not q then return {"unknown"} end
  local backlog, failed = queues.backlog(q), q.depth[FAILED + 1]
  if not asked[2] and (backlog > 0 or failed > 0) then return {"in_use", backlog, failed} end
  queues.change(q)
  if backlog > 0 then
    q.life = "deleting"
    call("SADD", P .. "ql", q.name)
    return {"deleting", q.depth[LEASED + 1]}
  end
  pause(q, false)
  queues.dropEvents(q)
  q.life, q.leftAt = "deleted", asked[3]
  call("SREM", P .. "ql", q.name)
  call("ZREM", P .. "qn", q.name)
  call("ZADD", P .. "qf", asked[3], q.name)
  call("DEL", P .. "q:" .. q.name .. ":t", P .. "q:" .. q.name .. ":w")
  call("SREM", P .. "qt", q.name)
  return {"deleted"}
end

function verbs.leavingQueues(limit)
  local names = call("SMEMBERS", P .. "ql")
  for i = #names, limit + 1, -1 do names[i] = nil end
  return names
end

-- Those that still have records of tasks are looked at again the next time, behind the others.
function verbs.forgetQueues(asked)
  local gone = 0
  for _, name in ipairs(call("ZRANGEBYSCORE", P .. "qf", "-inf", asked[1])) do
    local q, count = queues.row(name), 0
    for _, depth in ipairs(q.depth) do count = count + depth end
    if count == 0 and gone < asked[2] then
      queues.forget(name)
      gone = gone + 1
    end
  end
  return gone
end

function verbs.missingQueue(names)
  for _, name in ipairs(names) do
    local q = queues.find(name)
    if not q or q.life ~= "there" then return name end
  end
  return false
end

-- name, key, weight, now
function verbs.putWeight(asked)
  if not space.isListed() then return "unlisted" end
  local q, refusal = queues.open(asked[1], asked[4])
  if not q then return refusal end
  local at = P .. "q:" .. q.name .. ":w"
  if asked[3] == 1 then call("HDEL", at, asked[2]) else call("HSET", at, asked[2], asked[3]) end
  return "done"
end

-- name, after, limit
function verbs.listWeights(asked)
  local keys, list = {}, {}
  local weights = call("HGETALL", P .. "q:" .. asked[1] .. ":w")
  local byKey = {}
  for i = 1, #weights, 2 do
    if not asked[2] or weights[i] > asked[2] then
      keys[#keys + 1] = weights[i]
      byKey[weights[i]] = tonumber(weights[i + 1])
    end
  end
  table.sort(keys)
  for i = 1, math.min(asked[3], #keys) do list[i] = {keys[i], byKey[keys[i]]} end
  return list
end
`;
