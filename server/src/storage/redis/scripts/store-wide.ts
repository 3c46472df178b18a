/** What spans namespaces: values by name, the list of namespaces, definitions, locks and the log of events. KEYS[1]: the store's own row. */
export const storeWide = `
local P = string.sub(KEYS[1], 1, -2)
local call = redis.call
local args, env = cmsgpack.unpack(ARGV[2]), cmsgpack.unpack(ARGV[3])
local verbs = {}
local function place(number) return string.format("%016.0f", number) end

-- Raises the store's epoch: past all that it ever was, and past the time. now
function verbs.raiseEpoch(now)
  local epoch = math.max(tonumber(call("HGET", KEYS[1], "epoch") or 0) + 1, now)
  call("HSET", KEYS[1], "epoch", place(epoch))
  local lockFence = math.max(tonumber(call("HGET", KEYS[1], "lockFence") or 0), epoch * 1000)
  call("HSET", KEYS[1], "lockFence", place(lockFence))
  return epoch
end

-- Something changed that servers keep in memory.
local function raise() call("HINCRBY", KEYS[1], "rules", 1) end
function verbs.raiseRules()
  raise()
  return true
end
function verbs.countRules() return tonumber(call("HGET", KEYS[1], "rules") or 0) end

function verbs.getMeta(key) return call("HGET", P .. "meta", key) end
function verbs.putMeta(asked)
  call("HSET", P .. "meta", asked[1], asked[2])
  raise()
  return true
end

-- key, the value that may be there or false for none, the new one: what is there then.
function verbs.swapMeta(asked)
  local kept = call("HGET", P .. "meta", asked[1])
  if kept and kept ~= asked[2] then return kept end
  call("HSET", P .. "meta", asked[1], asked[3])
  raise()
  return asked[3]
end

-- namespace, name, record. A place in the list is both, with a blank between that neither a namespace has.
function verbs.putDefinitions(records)
  for _, each in ipairs(records) do
    local id = each[1] .. " " .. each[2]
    call("HSET", P .. "definitions", id, each[3])
    call("ZADD", P .. "definitionNames", 0, id)
  end
  raise()
  return true
end

function verbs.removeDefinition(asked)
  local id = asked[1] .. " " .. asked[2]
  call("ZREM", P .. "definitionNames", id)
  local isGone = call("HDEL", P .. "definitions", id) == 1
  if isGone then raise() end
  return isGone
end

-- after {namespace, name}, limit. A namespace's own names end before the sign that follows the blank.
function verbs.listDefinitions(asked)
  local after, list = "-", {}
  if asked[1] then after = "(" .. asked[1][1] .. " " .. (asked[1][2] or "") end
  local namesAfter = call("ZRANGEBYLEX", P .. "definitionNames", after, "+", "LIMIT", 0, asked[2])
  for i, id in ipairs(namesAfter) do
    local namespace, name = string.match(id, "^([^ ]*) (.*)$")
    list[i] = {namespace, name, call("HGET", P .. "definitions", id)}
  end
  return list
end

local function lockAt(namespace, key)
  local raw = call("HGET", P .. "locks", namespace .. " " .. key)
  return raw and cmsgpack.unpack(raw) or false
end

local function heldAt(namespace, key, now)
  local lock = lockAt(namespace, key)
  return lock and lock.expiresAt > now and lock or false
end

local function put(lock)
  local id = lock.namespace .. " " .. lock.key
  call("HSET", P .. "locks", id, cmsgpack.pack(lock))
  call("ZADD", P .. "lockNames:" .. lock.namespace, 0, lock.key)
  call("ZADD", P .. "lockEnds", lock.expiresAt, id)
  return lock
end

local function forget(lock)
  local id = lock.namespace .. " " .. lock.key
  call("HDEL", P .. "locks", id)
  call("ZREM", P .. "lockNames:" .. lock.namespace, lock.key)
  call("ZREM", P .. "lockEnds", id)
end

local function longer(lock, ttlMs, now)
  lock.expiresAt = math.max(now + ttlMs, lock.expiresAt)
  return put(lock)
end

local function shown(lock) return {lock.namespace, lock.key, lock.owner, lock.fence, lock.acquiredAt, lock.expiresAt} end

-- namespace, key, owner, ttlMs, now
function verbs.acquireLock(asked)
  local namespace, key, owner, ttlMs, now = asked[1], asked[2], asked[3], asked[4], asked[5]
  local held = heldAt(namespace, key, now)
  if held and held.owner == owner then return {"renewed", shown(longer(held, ttlMs, now))} end
  if held then return {"held", shown(held)} end
  if not lockAt(namespace, key) and call("HLEN", P .. "locks") >= env.locksMax then return {"limit"} end
  local fence = tonumber(call("HGET", KEYS[1], "lockFence")) + 1
  call("HSET", KEYS[1], "lockFence", place(fence))
  local lock = {namespace = namespace, key = key, owner = owner, fence = fence, acquiredAt = now, expiresAt = now + ttlMs}
  return {"acquired", shown(put(lock))}
end

local function heldBy(asked, now)
  local lock = heldAt(asked[1], asked[2], now)
  return lock and lock.owner == asked[3] and lock.fence == asked[4] and lock
end

-- namespace, key, owner, fence, ttlMs, now
function verbs.renewLock(asked)
  local lock = heldBy(asked, asked[6])
  return lock and shown(longer(lock, asked[5], asked[6]))
end

-- namespace, key, owner, fence, now
function verbs.releaseLock(asked)
  local lock = heldBy(asked, asked[5])
  if lock then forget(lock) end
  return lock and true or false
end

function verbs.getLock(asked)
  local lock = heldAt(asked[1], asked[2], asked[3])
  return lock and shown(lock)
end

-- namespace, after, limit, now: {locks, where to go on}
function verbs.listLocks(asked)
  local after, list = asked[2] and "(" .. asked[2] or "-", {}
  local keys = call("ZRANGEBYLEX", P .. "lockNames:" .. asked[1], after, "+", "LIMIT", 0, asked[3])
  for _, key in ipairs(keys) do
    local lock = heldAt(asked[1], key, asked[4])
    if lock then list[#list + 1] = shown(lock) end
  end
  return {list, #keys == asked[3] and keys[#keys]}
end

-- now, limit
function verbs.pruneLocks(asked)
  local ids = call("ZRANGEBYSCORE", P .. "lockEnds", "-inf", asked[1], "LIMIT", 0, asked[2])
  for _, id in ipairs(ids) do forget(cmsgpack.unpack(call("HGET", P .. "locks", id))) end
  return #ids
end

-- Takes over rows of a namespace's outbox: what was taken over before is passed. namespace, number of the first, rows
function verbs.takeEvents(asked)
  local namespace, from, rows = asked[1], asked[2], asked[3]
  local moved = tonumber(call("HGET", P .. "moved", namespace) or 0)
  local row = tonumber(call("HGET", KEYS[1], "eventRow") or 0)
  local bytes = 0
  for i, raw in ipairs(rows) do
    if from + i - 1 >= moved then
      row = row + 1
      bytes = bytes + #raw
      call("XADD", P .. "events", place(row) .. "-1", "n", namespace, "d", raw)
    end
  end
  call("HSET", KEYS[1], "eventRow", place(row))
  call("HINCRBY", KEYS[1], "eventBytes", bytes)
  call("HSET", P .. "moved", namespace, place(math.max(moved, from + #rows)))
  return true
end

local function rowOf(entry) return tonumber(string.match(entry[1], "^(%d+)")), entry[2][2], entry[2][4] end

-- after {row, index}, how many rows: {rows {number, namespace, packed}, the last that was dropped}
function verbs.readEvents(asked)
  local from, list = asked[1] and place(asked[1][1]) or "-", {}
  for i, entry in ipairs(call("XRANGE", P .. "events", from, "+", "COUNT", asked[2])) do list[i] = {rowOf(entry)} end
  local dropped = call("HGET", KEYS[1], "dropped")
  return {list, dropped and cmsgpack.unpack(dropped)}
end

-- before, bytesMax, limit
function verbs.truncateEvents(asked)
  local count = 0
  while count < asked[3] do
    local entry = call("XRANGE", P .. "events", "-", "+", "COUNT", 1)[1]
    if not entry then break end
    local row, _, raw = rowOf(entry)
    local packed = cmsgpack.unpack(raw)
    local isTooMuch = tonumber(call("HGET", KEYS[1], "eventBytes")) > asked[2]
    if packed[1] >= asked[1] and not isTooMuch then break end
    call("XDEL", P .. "events", entry[1])
    call("HINCRBY", KEYS[1], "eventBytes", -#raw)
    call("HSET", KEYS[1], "dropped", cmsgpack.pack({row, packed[2] - 1}))
    count = count + 1
  end
  return count
end

return cmsgpack.pack({verbs[ARGV[1]](args), false})
`;
