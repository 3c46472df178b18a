/** Tasks as they are kept, and where they stand in the indexes of their state. */
export const tasksModule = `
local known, changed, contents, all = {}, {}, {}, {}
-- Rows as they were read or patched, and keys and rows to be written of those that nobody has opened.
local raws, patches, patched = {}, {}, 0
local ROW = P .. "t:"

function tasks.find(id)
  local t = known[id]
  if t == nil then
    local raw = raws[id]
    if raw == nil then raw = call("GET", ROW .. id) end
    t = raw and rows.open(raw) or false
    known[id] = t
  end
  return t
end

-- Reads many at once, so that each is found afterwards; answers their keys.
function tasks.fetch(ids)
  local keys = {}
  for i, id in ipairs(ids) do keys[i] = ROW .. id end
  for from = 1, #keys, ARGUMENTS do
    for i, raw in ipairs(call("MGET", unpack(keys, from, math.min(from + ARGUMENTS - 1, #keys)))) do
      local id = ids[from + i - 1]
      if raws[id] == nil then raws[id] = raw end
    end
  end
  return keys
end

-- The row of a task that was fetched, as long as nobody has opened it.
function tasks.unopened(id) return known[id] == nil and raws[id] end

-- Writes a row of which some bytes are others.
function tasks.patch(id, key, raw)
  raws[id], patches[patched + 1], patches[patched + 2] = raw, key, raw
  patched = patched + 2
end

-- The row of a task as it will be kept.
function tasks.rowOf(id)
  local t = known[id]
  if not t then return raws[id] end
  local raw = rows.close(t)
  tasks.patch(id, ROW .. id, raw)
  changed[id] = nil
  return raw
end

-- Rows as they are kept, false where there is none.
function tasks.raws(ids)
  local raws, keys = {}, {}
  for i, id in ipairs(ids) do keys[i] = P .. "t:" .. id end
  for from = 1, #keys, ARGUMENTS do
    for i, raw in ipairs(call("MGET", unpack(keys, from, math.min(from + ARGUMENTS - 1, #keys)))) do raws[from + i - 1] = raw end
  end
  return raws
end

function tasks.change(t) changed[t.id] = t end

function tasks.content(t, content)
  if t.said then t.said = t.said + #content - t.bytes end
  t.bytes = #content
  contents[t.id] = content
end

function tasks.flush()
  -- Whoever was opened after being patched comes behind that.
  local writes, n = patches, patched
  patches, patched = {}, 0
  for id, t in pairs(changed) do
    writes[n + 1], writes[n + 2] = ROW .. id, rows.close(t)
    n = n + 2
  end
  for id, content in pairs(contents) do
    writes[n + 1], writes[n + 2] = P .. "c:" .. id, content
    n = n + 2
  end
  inPieces("MSET", false, writes)
  inPieces("ZADD", P .. "all", all)
end

-- Writes something that few tasks have.
function tasks.put(t, field, value)
  t.more = true
  call("HSET", P .. "x:" .. t.id, field, value)
end

function tasks.take(t, field)
  if t.more then call("HDEL", P .. "x:" .. t.id, field) end
end

function tasks.got(t, field) return t.more and call("HGET", P .. "x:" .. t.id, field) end

local lanes = {}

-- A lane that was found empty is not on its queue's list any more.
function tasks.closeLane(queue, text)
  lanes[P .. "q:" .. queue .. ":r:" .. text] = nil
  call("SREM", P .. "q:" .. queue .. ":n", text)
end

local laneKeys = {}

-- Making a text of a number is slow for something that is done with every task.
local function laneKey(t)
  local byLane = laneKeys[t.queue]
  if not byLane then
    byLane = {}
    laneKeys[t.queue] = byLane
  end
  local byPriority = byLane[t.lane]
  if not byPriority then
    byPriority = {}
    byLane[t.lane] = byPriority
  end
  local key = byPriority[t.priority]
  if not key then
    key = P .. "q:" .. t.queue .. ":r:" .. t.priority .. " " .. t.lane
    byPriority[t.priority] = key
  end
  return key
end

-- Where a ready task stands, free or at a gate. What is not in the lanes by acceptance alone is found in one more index,
-- and what is in none is counted by priority.
local function index(t)
  if t.held == 0 then
    local key = laneKey(t)
    if not lanes[key] then
      call("SADD", P .. "q:" .. t.queue .. ":n", t.priority .. " " .. t.lane)
      lanes[key] = true
    end
    call("ZADD", key, t.turn, member(t))
    news.ready(t.queue)
  elseif t.held == 1 then
    call("ZADD", P .. "q:" .. t.queue .. ":b", 0, member(t))
  else
    gates.wait(t)
  end
  if t.held ~= 0 or t.turn > 0 then call("ZADD", P .. "q:" .. t.queue .. ":s", t.seq, t.id) end
  if t.held ~= 0 then call("HINCRBY", P .. "q:" .. t.queue .. ":h", t.priority, 1) end
end

local function unindex(t)
  if t.held == 0 then
    call("ZREM", laneKey(t), member(t))
  elseif t.held == 1 then
    call("ZREM", P .. "q:" .. t.queue .. ":b", member(t))
  else
    gates.unwait(t)
  end
  if t.held ~= 0 or t.turn > 0 then call("ZREM", P .. "q:" .. t.queue .. ":s", t.id) end
  if t.held ~= 0 then call("HINCRBY", P .. "q:" .. t.queue .. ":h", t.priority, -1) end
end

local timers = {[SCHEDULED] = "d", [LEASED] = "l"}

local function leave(t)
  local q, m = queues.change(queues.row(t.queue)), space.change()
  q.depth[t.state + 1] = q.depth[t.state + 1] - 1
  if t.state < SUCCEEDED then
    m.tasks, m.bytes = m.tasks - 1, m.bytes - (t.said or t.bytes)
  end
  if t.limitKey or t.named then gates.count(t, false) end
  if t.state == READY then unindex(t) else call("ZREM", P .. (timers[t.state] or "e"), member(t)) end
  if t.state == SCHEDULED then call("ZREM", P .. "q:" .. t.queue .. ":d", t.id) end
  if t.state == FAILED then call("ZREM", P .. "failed", t.id) end
end

-- What goes on under a barrier: until it has ended, or somebody has asked to cancel it.
local function standUnder(t)
  local key = P .. "bt:" .. t.place[2]
  if t.state < SUCCEEDED and not t.cancel then call("ZADD", key, t.seq, t.id) else call("ZREM", key, t.id) end
end

local function enter(t)
  local q, m = queues.change(queues.row(t.queue)), space.change()
  q.depth[t.state + 1] = q.depth[t.state + 1] + 1
  if t.state < SUCCEEDED then
    m.tasks, m.bytes = m.tasks + 1, m.bytes + (t.said or t.bytes)
  end
  if t.state == READY then index(t)
  elseif t.state == SCHEDULED then
    call("ZADD", P .. "d", t.notBefore, member(t))
    call("ZADD", P .. "q:" .. t.queue .. ":d", t.seq, t.id)
  else call("ZADD", P .. (timers[t.state] or "e"), t.timer, member(t)) end
  if t.state == FAILED then call("ZADD", P .. "failed", t.seq, t.id) end
  if t.limitKey or t.named then gates.count(t, true) end
  if t.place then standUnder(t) end
  tasks.change(t)
end

-- The indexes beside that of all and those of its state that a task is in for life.
local function eachIndex(t, visit)
  if t.tags then for _, tag in ipairs(cjson.decode(t.tags)) do visit("tag:" .. tag) end end
  if t.parentId then visit("parent:" .. t.parentId) end
  if t.rootId then visit("root:" .. t.rootId) end
  if t.place then visit("canvas:" .. t.place[1]) end
end

-- A task stands free that is not ready, or has no gate.
local function pass(t)
  if t.state == READY and (t.orderKey or space.row().limits > 0) then gates.pass(t) else t.held = 0 end
end

-- Takes a new task up.
function tasks.insert(t)
  known[t.id] = t
  all[#all + 1], all[#all + 2] = place(t.seq), t.id
  if t.tags or t.rootId or t.place then eachIndex(t, function(name) call("ZADD", P .. name, t.seq, t.id) end) end
  if t.orderKey then gates.line(t, true) end
  pass(t)
  enter(t)
end

-- Takes a task out, with all that hangs on it.
function tasks.remove(t)
  if patched > 0 then
    inPieces("MSET", false, patches)
    patches, patched = {}, 0
  end
  leave(t)
  if t.orderKey then gates.line(t, false) end
  call("ZREM", P .. "all", t.id)
  eachIndex(t, function(name) call("ZREM", P .. name, t.id) end)
  tasks.waitUntil(t, false)
  if t.shelved then changes.unshelve(t) end
  if t.claimKey then claims.leave(t) end
  if t.place then call("ZREM", P .. "bt:" .. t.place[2], t.id) end
  known[t.id], changed[t.id], contents[t.id] = false, nil, nil
  call("DEL", P .. "t:" .. t.id, P .. "c:" .. t.id)
  if t.more then
    local id = t.id
    call("DEL", P .. "x:" .. id, P .. "a:" .. id, P .. "o:" .. id, P .. "o0:" .. id, P .. "o1:" .. id, P .. "o2:" .. id)
  end
end

-- Changes a task, and moves it to where that belongs.
function tasks.replace(t, change)
  local hasLimits = space.row().limits > 0
  leave(t)
  if hasLimits then gates.touch(t) end
  local wasLeased = t.state == LEASED
  change(t)
  if t.orderKey and t.state >= SUCCEEDED then
    gates.line(t, false)
    gates.touchOrder(t)
  end
  pass(t)
  enter(t)
  if hasLimits and wasLeased and t.state ~= LEASED then gates.ringLimited(t) end
end

-- Moves a ready task to another place among its gates.
function tasks.stand(t, stage)
  gates.count(t, false)
  unindex(t)
  t.held = stage
  index(t)
  gates.count(t, true)
  tasks.change(t)
end

-- When a task has waited too long; false: never.
function tasks.waitUntil(t, at)
  if t.waitUntil and not at then call("ZREM", P .. "w", member(t)) end
  if at then call("ZADD", P .. "w", at, member(t)) end
  t.waitUntil = at
  tasks.change(t)
end
`;
