/** Queues, what may come into them (model/admission.ts), and the turns of their keys (model/turn.ts). */
export const queuesModule = `
local known, changed = {}, {}

-- The queue of a name, also one that was deleted; false where there is no row.
function queues.row(name)
  local q = known[name]
  if q == nil then
    local raw = call("GET", P .. "q:" .. name)
    q = raw and cmsgpack.unpack(raw) or false
    known[name] = q
  end
  return q
end

-- The queue of a name, unless it is not there or was deleted.
function queues.find(name)
  local q = queues.row(name)
  return q and q.life ~= "deleted" and q or false
end

function queues.change(q)
  changed[q.name] = q
  return q
end

function queues.flush()
  for name, q in pairs(changed) do call("SET", P .. "q:" .. name, cmsgpack.pack(q)) end
end

function queues.forget(name)
  known[name], changed[name] = false, nil
  call("DEL", P .. "q:" .. name, P .. "q:" .. name .. ":n", P .. "q:" .. name .. ":t", P .. "q:" .. name .. ":w", P .. "q:" .. name .. ":h")
  call("ZREM", P .. "qf", name)
  call("ZREM", P .. "qn", name)
end

-- Makes a queue that is not there, in the place of one that was deleted, if there is a record of that.
function queues.make(name, now)
  local q = queues.row(name) or {name = name, depth = {0, 0, 0, 0, 0, 0, 0}}
  q.createdAt, q.settings, q.revision, q.life = now, {"", false, false}, 1, "there"
  q.leftAt, q.pause, q.turn, q.events = false, false, false, false
  known[name] = q
  queues.change(q)
  call("ZADD", P .. "qn", 0, name)
  call("ZREM", P .. "qf", name)
  space.change()
  return q
end

function queues.count() return call("ZCARD", P .. "qn") end

local function refused(reason, max) return {1, reason, max or false} end
queues.refused = refused

local function ofSpace(state) return refused(state == "disabled" and "namespace_disabled" or "namespace_deleting") end

function queues.backlog(q) return q.depth[1] + q.depth[2] + q.depth[3] end

-- A queue as whatever comes in finds it.
function queues.room(q)
  local life = q.life ~= "there" and "deleting" or q.settings[3] and "closed" or "open"
  return {life = life, max = q.settings[2], tasks = queues.backlog(q)}
end

function queues.refusalToMake(name, isAsked, made)
  local m = space.row()
  if m.state ~= "active" then return ofSpace(m.state) end
  local creation = isAsked and "on_use" or m.creation or env.creation
  if creation == "explicit" and string.sub(name, 1, 1) ~= "~" then return refused("queue_unknown") end
  local max = math.min(m.queues or env.queuesMax, env.queuesMax)
  return queues.count() + (made or 0) >= max and refused("queue_limit", max) or false
end

function queues.refusalToMove(room)
  local m = space.row()
  if m.state ~= "active" then return ofSpace(m.state) end
  if room.life == "open" then return false end
  return refused(room.life == "closed" and "queue_closed" or "queue_deleting")
end

-- What counts as no addition may come into a queue that is closed.
function queues.refusalToEmit(room)
  return queues.refusalToMove({life = room.life == "closed" and "open" or room.life})
end

-- What came before, where nothing did.
local nothing = {tasks = 0, bytes = 0}
queues.nothing = nothing

-- Why a task may not come in; before it came so much else of the same batch, which is not there yet.
function queues.refusalToEnter(room, bytes, came)
  local closed = queues.refusalToMove(room)
  if closed then return closed end
  local m = space.row()
  local function isBeyond(count, max) return max and count > max end
  if isBeyond(room.tasks + 1, room.max) then return refused("queue_full", room.max) end
  if isBeyond(m.tasks + came.tasks + 1, m.backlogTasks) then return refused("task_quota", m.backlogTasks) end
  if isBeyond(m.bytes + came.bytes + bytes, m.backlogBytes) then return refused("byte_quota", m.backlogBytes) end
  return false
end

-- Why what waits may not become so many bytes longer, after what came before.
function queues.refusalToGrow(more, came)
  local m = space.row()
  if more <= 0 or not m.backlogBytes or m.bytes + came.bytes + more <= m.backlogBytes then return false end
  return refused("byte_quota", m.backlogBytes)
end

-- The queue of a name, made where it is not there and may be; or why not.
function queues.open(name, now, isAsked)
  local q = queues.find(name)
  if q then return q end
  local refusal = queues.refusalToMake(name, isAsked)
  if refusal then return false, refusal end
  return queues.make(name, now)
end


-- The queue of a name, made where it may be, if it takes a task of so many bytes; or why not.
function queues.enter(name, bytes, now)
  local q = queues.find(name)
  local refusal = not q and queues.refusalToMake(name)
  local room = q and queues.room(q) or {life = "open", max = false, tasks = 0}
  refusal = refusal or queues.refusalToEnter(room, bytes, nothing)
  if refusal then return false, refusal end
  return q or queues.make(name, now)
end

-- For a task that was promised a place.
function queues.promised(name, _, now) return queues.find(name) or queues.make(name, now) end

-- The turn of a task that comes into a queue; tasks without a key are those of one that has no name.
function queues.turnOf(q, said)
  if not q.turn and not said then return 0 end
  local key, at = said or "", P .. "q:" .. q.name
  local last = tonumber(call("ZSCORE", at .. ":t", key) or 0)
  local weight = tonumber(call("HGET", at .. ":w", key) or 1)
  local turn = math.max(last, q.turn or 0) + math.floor(1000000 / weight + 0.5)
  queues.change(q).turn = q.turn or 0
  call("ZADD", at .. ":t", turn, key)
  call("SADD", P .. "qt", q.name)
  return turn
end
`;
