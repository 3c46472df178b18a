/** Tasks as they are read. A row goes out as it is kept; what belongs to it beside. */
export const readsModule = `
-- What waits at a gate is told by the row itself. Answers {row, content, what few have, duplicates} or false.
local function full(t, raw)
  local more, duplicates = false, false
  if t.more then more = call("HGETALL", P .. "x:" .. t.id) end
  if t.claimKey then
    local claim = claims.row(t.claimKey)
    duplicates = claim and claim.id == t.id and claim.duplicates or tonumber(tasks.got(t, "duplicates") or 0)
  end
  return {raw, call("GET", P .. "c:" .. t.id), more, duplicates}
end

function verbs.read(ids)
  local list = {}
  for i, raw in ipairs(tasks.raws(ids)) do list[i] = raw and full(rows.open(raw), raw) end
  return list
end

function verbs.readHeads(ids) return tasks.raws(ids) end

local function rowsOf(members)
  local ids = {}
  for i, text in ipairs(members) do ids[i] = idIn(text) end
  return tasks.raws(ids)
end

-- Up to a time, so many, earliest first.
function verbs.dueTasks(asked) return rowsOf(call("ZRANGEBYSCORE", P .. "d", "-inf", asked[1], "LIMIT", 0, asked[2])) end
function verbs.expiredLeases(asked)
  return rowsOf(call("ZRANGEBYSCORE", P .. "l", "-inf", "(" .. place(asked[1]), "LIMIT", 0, asked[2]))
end

function verbs.readAttempts(id)
  local list = call("LRANGE", P .. "a:" .. id, 0, -1)
  for i, raw in ipairs(list) do list[i] = cmsgpack.unpack(raw) end
  return list
end

function verbs.noteReplays(notes)
  for _, note in ipairs(notes) do
    local t = tasks.find(note[1])
    if t then
      tasks.put(t, "replay", cmsgpack.pack({note[2], note[3]}))
      tasks.change(t)
    end
  end
  return true
end

function verbs.readReplays(ids)
  local list = {}
  for i, id in ipairs(ids) do
    local t = tasks.find(id)
    local raw = t and tasks.got(t, "replay")
    list[i] = raw and cmsgpack.unpack(raw) or false
  end
  return list
end

local function has(list, value)
  for _, each in ipairs(list) do if each == value then return true end end
  return false
end

local function isEndedAs(t, ended)
  local reasons, from, to, isReplayed = ended[1], ended[2], ended[3], ended[4]
  if not t.endedAt then return false end
  if #reasons > 0 and not has(reasons, t.reason) then return false end
  if from and t.endedAt < from or to and t.endedAt >= to then return false end
  return isReplayed == "any" or isReplayed == (tasks.got(t, "replay") and true or false)
end

local function matches(t, q)
  if q.ended and not isEndedAs(t, q.ended) then return false end
  if #q.states > 0 and not has(q.states, t.state) then return false end
  if q.queue and t.queue ~= q.queue or q.name and t.name ~= q.name then return false end
  if q.parentId and t.parentId ~= q.parentId or q.rootId and t.rootId ~= q.rootId then return false end
  if q.canvas and not (t.place and t.place[1] == q.canvas) then return false end
  if q.tag and not (t.tags and has(cjson.decode(t.tags), q.tag)) then return false end
  return not (q.from and t.createdAt < q.from or q.to and t.createdAt >= q.to)
end

-- The index with the fewest tasks that has all that match.
local function indexFor(q)
  if q.canvas then return "canvas:" .. q.canvas end
  if q.tag then return "tag:" .. q.tag end
  if q.parentId then return "parent:" .. q.parentId end
  if q.rootId then return "root:" .. q.rootId end
  if #q.states == 1 and q.states[1] == FAILED then return "failed" end
  return "all"
end

-- A part of a page: what matches among the next so many, newest first. {tasks, cursor, looked, bytes, what comes next:
-- "more" to look at, "full" page, or "end"}.
function verbs.list(asked)
  local q = {
    states = asked[1], queue = asked[2], name = asked[3], tag = asked[4], parentId = asked[5], rootId = asked[6],
    from = asked[7], to = asked[8], ended = asked[9], isFull = asked[10], canvas = asked[11],
  }
  local room, after, lookMax, bytes, bytesMax, count = asked[12], asked[13], asked[14], asked[15], asked[16], asked[17]
  local list, cursor, looked = {}, after, 0
  local ids = call("ZREVRANGEBYSCORE", P .. indexFor(q), after and "(" .. place(after) or "+inf", "-inf", "LIMIT", 0, lookMax)
  for i, raw in ipairs(tasks.raws(ids)) do
    local t = rows.open(raw)
    if matches(t, q) then
      local row = q.isFull and full(t, raw) or {raw}
      if q.isFull then
        local more = t.more and call("HSTRLEN", P .. "x:" .. t.id, "result") + call("HSTRLEN", P .. "x:" .. t.id, "failure") or 0
        bytes = bytes + t.bytes + more + t.linked
      end
      if #list >= room or count + #list > 0 and bytes > bytesMax then return {list, cursor, looked, bytes, "full"} end
      list[#list + 1] = row
    end
    looked, cursor = looked + 1, t.seq
  end
  return {list, cursor, looked, bytes, #ids < lookMax and "end" or "more"}
end
`;
