/** Namespaces as operators see them, and what goes with one that is deleted. */
export const spaceVerbsModule = `
local function put(record, columns)
  local m = space.change()
  m.record, m.state, m.queues, m.backlogTasks, m.backlogBytes, m.creation =
    record, columns[1], columns[2], columns[3], columns[4], columns[5]
  m.revision = columns[6]
end

function verbs.readRecord() return space.row().record end

-- record, and what of it verbs obey
function verbs.createNamespace(asked)
  if not space.isListed() then return "unlisted" end
  if space.row().record then return "exists" end
  put(asked[1], asked[2])
  return "done"
end

function verbs.updateNamespace(asked)
  local m = space.row()
  if not m.record or m.revision ~= asked[2][6] - 1 then return "conflict" end
  put(asked[1], asked[2])
  return "done"
end

function verbs.readNamespaceUse()
  local m = space.row()
  return {queues.count(), m.tasks, m.backlogBytes and m.bytes}
end

local function eachQueue(visit)
  for _, name in ipairs(call("ZRANGE", P .. "qn", 0, -1)) do visit(name) end
  for _, name in ipairs(call("ZRANGE", P .. "qf", 0, -1)) do visit(name) end
end

-- What is left when no task is. Its events stay, and name a namespace that is not there.
local function removeRest()
  eachQueue(function(name)
    local q = queues.row(name)
    if q then queues.dropEvents(q) end
    queues.forget(name)
  end)
  call("DEL", P .. "u", P .. "un", P .. "uf", P .. "rv", P .. "rz", P .. "rn", P .. "th", P .. "tz", P .. "shelves", P .. "overfull")
  call("DEL", P .. "qt", P .. "ql", P .. "pz", P .. "gt", P .. "L", P .. "Ln", P .. "qe", P .. "co")
  call("DEL", KEYS[1])
  space.dirty = false
end

-- now, limit
function verbs.clearNamespace(asked)
  local now, limit = asked[1], asked[2]
  space.row()
  if not space.isThere then return "gone" end
  gates.now = now
  -- First, so that nobody hears of the ends of their tasks, and nothing more is made.
  if schedules.clear(limit) > 0 then return "more" end
  if barriers.clear(limit) > 0 then return "more" end
  local cancelled = 0
  eachQueue(function(name)
    if cancelled < limit then cancelled = cancelled + queues.purge(queues.row(name), FARAWAY, now, limit - cancelled) end
  end)
  if cancelled > 0 then return "more" end
  if space.m.tasks > 0 then return "leased" end
  local ids = call("ZRANGE", P .. "all", 0, limit - 1)
  tasks.fetch(ids)
  for _, id in ipairs(ids) do tasks.remove(tasks.find(id)) end
  if #ids > 0 then return "more" end
  removeRest()
  return "gone"
end

-- The rows of the outbox that nobody has moved yet, and the number of the first.
function verbs.outbox(limit)
  return {tonumber(call("GET", P .. "vb") or 0), call("LRANGE", P .. "v", 0, limit - 1)}
end

-- Drops rows before a number: they were moved.
function verbs.dropOutbox(upTo)
  local from = tonumber(call("GET", P .. "vb") or 0)
  if upTo <= from then return true end
  call("LTRIM", P .. "v", upTo - from, -1)
  call("SET", P .. "vb", place(upTo))
  return true
end
`;
