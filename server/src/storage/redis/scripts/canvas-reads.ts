/** Canvases as they are read. A barrier goes out as its row, and what is beside that. */
export const canvasReadsModule = `
local function rawsOf(ids)
  local raws, keys = {}, {}
  for i, id in ipairs(ids) do keys[i] = P .. "b:" .. id end
  for from = 1, #keys, 500 do
    for i, raw in ipairs(call("MGET", unpack(keys, from, math.min(from + 499, #keys)))) do raws[from + i - 1] = raw end
  end
  return raws
end

local function full(id, raw)
  local beside = call("HMGET", P .. "bx:" .. id, "callbacks", "cause", "facts", "description")
  return {raw, beside[1], beside[2], beside[3], beside[4]}
end

local function fullOf(ids)
  local list = {}
  for i, raw in ipairs(rawsOf(ids)) do list[i] = raw and full(ids[i], raw) end
  return list
end

function verbs.readBarriers(ids) return fullOf(ids) end

-- canvas, after, limit
function verbs.listBarriers(asked)
  local after = asked[2] and "(" .. asked[2] or "-"
  return fullOf(call("ZRANGEBYLEX", P .. "cb:" .. asked[1], after, "+", "LIMIT", 0, asked[3]))
end

-- canvas, ids: {text, index of its first member, what grew by it} or false
function verbs.readParts(asked)
  local list = {}
  for i, id in ipairs(asked[2]) do
    local part = barriers.part(asked[1], id)
    list[i] = part and {part[1], part[3] or false, part[4] or false}
  end
  return list
end

local function has(list, value)
  for _, each in ipairs(list) do if each == value then return true end end
  return false
end

-- Of the next canvases, so many at most, those that match, newest first. states, name, tag, after, how many: {{place, barrier} each,
-- the place of the last that was looked at; false: there are no more}
function verbs.listCanvases(asked)
  local states, name, tag, lookMax = asked[1], asked[2], asked[3], asked[5]
  local after, list, cursor = asked[4] and "(" .. place(asked[4]) or "+inf", {}, false
  local found = call("ZREVRANGEBYSCORE", P .. "cn", after, "-inf", "WITHSCORES", "LIMIT", 0, lookMax)
  for i = 1, #found, 2 do
    local b = barriers.find(found[i])
    cursor = tonumber(found[i + 1])
    local isNamed = not name or b.name == name
    local isTagged = not tag or b.tags and has(cjson.decode(b.tags), tag)
    if isNamed and isTagged and (#states == 0 or has(states, b.state)) then
      list[#list + 1] = {cursor, full(b.id, call("GET", P .. "b:" .. b.id))}
    end
  end
  return {list, #found == 2 * lookMax and cursor}
end

-- {index, how it ended, result, failure, name, reason, attempt} of a member, and how long the results are.
local function outcomeOf(index, raw)
  local m = cmsgpack.unpack(raw)
  local t, left, bytes = m[2] and tasks.find(m[3]), {false, false}, 0
  if t and t.more then
    left = call("HMGET", P .. "x:" .. t.id, "result", "failure")
    bytes = (left[1] and #left[1] or 0) + (left[2] and #left[2] or 0)
  end
  return {index, m, left[1], left[2], t and t.name, t and t.reason or 0, t and t.attempt or 0}, bytes
end

-- barrier, after, limit, bytesMax. Members have the indexes below the barrier's size, so that no order is kept of those that have ended.
function verbs.readMembers(asked)
  local b, limit, list, bytes = barriers.find(asked[1]), asked[3], {}, 0
  local at = asked[2] and asked[2] + 1 or 0
  while b and at < b.size do
    local indexes, ids = {}, {}
    for index = at, math.min(at + 249, b.size - 1) do indexes[#indexes + 1] = index end
    local raws = call("HMGET", P .. "bm:" .. b.id, unpack(indexes))
    for _, raw in ipairs(raws) do
      local m = raw and cmsgpack.unpack(raw)
      if m and m[2] then ids[#ids + 1] = m[3] end
    end
    tasks.fetch(ids)
    for i, raw in ipairs(raws) do
      if raw then
        local outcome, size = outcomeOf(indexes[i], raw)
        bytes = bytes + size
        if #list == limit or #list > 0 and bytes > asked[4] then return list end
        list[#list + 1] = outcome
      end
    end
    at = at + 250
  end
  return list
end

function verbs.barriersWithRest(limit) return call("SRANDMEMBER", P .. "br", limit) end

-- barrier, limit: {tasks, ids of barriers}
function verbs.readRest(asked)
  return {
    tasks.raws(call("ZRANGE", P .. "bt:" .. asked[1], 0, asked[2] - 1)),
    call("SRANDMEMBER", P .. "bb:" .. asked[1], asked[2]),
  }
end

-- now, limit: ids and deadlines in turn, earliest first.
function verbs.overdueCanvases(asked)
  return call("ZRANGEBYSCORE", P .. "cd", "-inf", asked[1], "WITHSCORES", "LIMIT", 0, asked[2])
end
`;
