/** A namespace's own row, its outbox of events, and what a verb has to tell after it. */
export const spaceModule = `
-- The namespace's row; made in memory where there is none, and written with the first change.
function space.row()
  if space.m then return space.m end
  local raw = call("GET", KEYS[1])
  space.isThere = raw and true or false
  space.m = raw and cmsgpack.unpack(raw) or {
    seq = 0, fence = 0, epoch = 0, tasks = 0, bytes = 0, limits = 0, shelf = 0,
    record = false, state = "active", queues = false, backlogTasks = false, backlogBytes = false, creation = false,
  }
  return space.m
end

function space.change()
  space.dirty = true
  return space.row()
end

-- Whether the namespace may come into being here: its name is on the list of all, or it is there already.
function space.isListed()
  space.row()
  return space.isThere or env.listed
end

local facts, newestAt = {}, 0

-- Notes that a task has just become what it is.
function space.note(t, kind, at)
  if at > newestAt then newestAt = at end
  facts[#facts + 1] = {kind, t.reason or 0, t.queue, t.id, t.revision, t.attempt, at, kind == 0 and t.parentId or false}
end

function space.flush()
  if #facts > 0 then call("RPUSH", P .. "v", cmsgpack.pack({newestAt, facts})) end
  if space.dirty then call("SET", KEYS[1], cmsgpack.pack(space.m)) end
end

local opened, openedNames, wakeAt, dueAt, ready = {}, {}, false, false, {}

-- A task stands free from now on: what other servers want to hear.
function news.ready(queue) ready[queue] = (ready[queue] or 0) + 1 end

function news.readyCounts()
  local list = {}
  for queue, count in pairs(ready) do list[#list + 1] = {queue, count} end
  return #list > 0 and list
end

-- Tasks of a queue may be claimed that could not be before.
function news.ring(queue, count)
  if not opened[queue] then openedNames[#openedNames + 1] = queue end
  opened[queue] = (opened[queue] or 0) + count
end

function news.wake(at) if not wakeAt or at < wakeAt then wakeAt = at end end
function news.due(at) if not dueAt or at < dueAt then dueAt = at end end
function news.wakeAt() return wakeAt end

function news.told()
  if #openedNames == 0 and not wakeAt and not dueAt then return false end
  local list = {}
  for i, name in ipairs(openedNames) do list[i] = {name, opened[name]} end
  return {list, wakeAt, dueAt}
end
`;
