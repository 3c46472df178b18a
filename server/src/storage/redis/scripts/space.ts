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

local facts, newestAt, count, last = {}, 0, 0, false

-- Where the next facts are noted that are of the same kind, reason, queue, time and cause: a list of these five, then id, revision and
-- attempt of each.
function space.factsLike(kind, reason, queue, at, cause)
  if not last or last[1] ~= kind or last[2] ~= reason or last[3] ~= queue or last[4] ~= at or last[5] ~= cause then
    last = {kind, reason, queue, at, cause}
    facts[#facts + 1] = last
    if at > newestAt then newestAt = at end
  end
  return last
end

-- So many more were noted there.
function space.counted(soMany) count = count + soMany end

-- Notes that a task has just become what it is.
function space.noteOf(kind, reason, queue, at, cause, id, revision, attempt)
  local like = space.factsLike(kind, reason, queue, at, cause)
  local n = #like
  like[n + 1], like[n + 2], like[n + 3] = id, revision, attempt
  space.counted(1)
end

function space.note(t, kind, at)
  space.noteOf(kind, t.reason or 0, t.queue, at, kind == 0 and t.parentId or false, t.id, t.revision, t.attempt)
end

function space.flush()
  if count > 0 then call("RPUSH", P .. "v", cmsgpack.pack({newestAt, count, facts})) end
  if space.dirty then call("SET", KEYS[1], cmsgpack.pack(space.m)) end
end

local opened, openedNames, wakeAt, dueAt, ready = {}, {}, false, false, {}

-- A task stands free from now on: what other servers want to hear.
function news.ready(queue, count) ready[queue] = (ready[queue] or 0) + (count or 1) end

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
