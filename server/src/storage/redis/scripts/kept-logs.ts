/** Logs that keep their newest entries (model/kept-log.ts): the events of queues, and what tasks put out (model/task-output.ts). */
export const keptLogsModule = `
local function tallyWith(tally, bytes) tally[1], tally[2] = tally[1] + 1, tally[2] + bytes end
local function tallyWithout(tally, offset, bytes)
  tally[1], tally[2], tally[3], tally[4] = tally[1] - 1, tally[2] - bytes, tally[3] + 1, offset + 1
end
local function isBeyond(tally, bounds) return tally[1] > 0 and (tally[1] > bounds[1] or tally[2] > bounds[2]) end

-- Entries of an index by offset, within a number and the bytes of their bodies; the first one however large. {entries, hasMore}
local function cut(sources, from, limit, bytesMax, isWanted)
  local heads, entries, bytes = {}, {}, 0
  local function load(source, at)
    local found = call("ZRANGEBYSCORE", source, place(at), "+inf", "LIMIT", 0, 64)
    heads[source] = {list = found, at = 1, next = false}
  end
  local function peek(source)
    local head = heads[source]
    if head.at > #head.list then
      if #head.list < 64 then return false end
      load(source, head.last + 1)
      head = heads[source]
      if #head.list == 0 then return false end
    end
    local entry = cmsgpack.unpack(head.list[head.at])
    head.last = entry[1]
    return entry
  end
  for _, source in ipairs(sources) do load(source, from) end
  while true do
    local best, bestSource
    for _, source in ipairs(sources) do
      local entry = peek(source)
      if entry and (not best or entry[1] < best[1]) then best, bestSource = entry, source end
    end
    if not best then return {entries, false} end
    heads[bestSource].at = heads[bestSource].at + 1
    if not isWanted or isWanted(best) then
      bytes = bytes + #best[2]
      if #entries == limit or #entries > 0 and bytes > bytesMax then return {entries, true} end
      entries[#entries + 1] = best
    end
  end
end

local function eventsKey(q) return P .. "q:" .. q.name .. ":e" end
local function idsKey(q) return P .. "q:" .. q.name .. ":i" end
local ROW = 64
local function eventBytes(entry) return #entry[3] + #entry[4] + #entry[2] + ROW end

-- When the oldest event of a queue was made known, for those who drop old ones.
local function noteOldest(q)
  local first = call("ZRANGE", eventsKey(q), 0, 0)[1]
  if first then call("ZADD", P .. "qe", cmsgpack.unpack(first)[5], q.name) else call("ZREM", P .. "qe", q.name) end
end

local function dropOldestEvent(q)
  local raw = call("ZPOPMIN", eventsKey(q))[1]
  local entry = cmsgpack.unpack(raw)
  call("HDEL", idsKey(q), entry[3])
  tallyWithout(q.events[2], entry[1], eventBytes(entry))
end

function queues.dropEvents(q)
  q.events = false
  call("DEL", eventsKey(q), idsKey(q))
  call("ZREM", P .. "qe", q.name)
end

-- queue, id, name, body, now. An entry is offset, body, id, name and time.
function verbs.emitQueueEvent(asked)
  if not space.isListed() then return "unlisted" end
  local id, name, body, now = asked[2], asked[3], asked[4], asked[5]
  local q, refusal = queues.open(asked[1], now)
  if not q then return refusal end
  local closed = queues.refusalToEmit(queues.room(q))
  if closed then return closed end
  q.events = q.events or {0, {0, 0, 0, 0}}
  local offset = call("HGET", idsKey(q), id)
  if offset then
    local same = cmsgpack.unpack(call("ZRANGEBYSCORE", eventsKey(q), offset, offset)[1])
    return same[4] == name and same[2] == body and {"duplicate", same[1]} or {"exists"}
  end
  queues.change(q)
  local entry = {q.events[1], body, id, name, now}
  q.events[1] = q.events[1] + 1
  call("ZADD", eventsKey(q), entry[1], cmsgpack.pack(entry))
  call("HSET", idsKey(q), id, entry[1])
  tallyWith(q.events[2], eventBytes(entry))
  while isBeyond(q.events[2], env.queueEvents) do dropOldestEvent(q) end
  noteOldest(q)
  return {"emitted", entry[1]}
end

-- queue, from, names, limit, bytesMax: {entries, has more, where it began, the next offset, the tally}
function verbs.readQueueEvents(asked)
  local q = queues.find(asked[1])
  local log = q and q.events or {0, {0, 0, 0, 0}}
  local from = asked[2] or log[1]
  local names = {}
  for _, name in ipairs(asked[3]) do names[name] = true end
  local isWanted = #asked[3] > 0 and function(entry) return names[entry[4]] end
  local found = q and q.events and cut({eventsKey(q)}, from, asked[4], asked[5], isWanted) or {{}, false}
  return {found[1], found[2], from, log[1], log[2]}
end

-- before, limit
function verbs.pruneQueueEvents(asked)
  local dropped = 0
  for _, name in ipairs(call("ZRANGEBYSCORE", P .. "qe", "-inf", "(" .. place(asked[1]), "LIMIT", 0, asked[2])) do
    local q = queues.change(queues.row(name))
    local first = call("ZRANGE", eventsKey(q), 0, 0)[1]
    while first and dropped < asked[2] and cmsgpack.unpack(first)[5] < asked[1] do
      dropOldestEvent(q)
      dropped = dropped + 1
      first = call("ZRANGE", eventsKey(q), 0, 0)[1]
    end
    noteOldest(q)
  end
  return dropped
end

local function headOf(t)
  local raw = t.more and call("GET", P .. "o:" .. t.id)
  if raw then return cmsgpack.unpack(raw) end
  return {next = 0, epoch = false, fence = false, newest = 0, tallies = {{0, 0, 0, 0}, {0, 0, 0, 0}, {0, 0, 0, 0}}}
end

local function outputKey(t, kind) return P .. "o" .. kind .. ":" .. t.id end

local function append(t, head, kind, body, now)
  local tally = head.tallies[kind + 1]
  call("ZADD", outputKey(t, kind), head.next, cmsgpack.pack({head.next, body, kind, t.attempt, t.deliveries, now}))
  head.next = head.next + 1
  tallyWith(tally, #body)
  while isBeyond(tally, env.output[kind + 1]) do
    local oldest = cmsgpack.unpack(call("ZPOPMIN", outputKey(t, kind))[1])
    tallyWithout(tally, oldest[1], #oldest[2])
  end
end

-- id, epoch, fence, entries {seq, kind, body}, now
local function writeOne(asked)
  local t = tasks.find(asked[1])
  local lost = lease.lost(t, asked[2], asked[3])
  if lost then return {"lost", lost[1], lost[2]} end
  local head, written = headOf(t), 0
  if head.epoch ~= asked[2] or head.fence ~= asked[3] then head.epoch, head.fence, head.newest = asked[2], asked[3], 0 end
  t.more = true
  tasks.change(t)
  for _, entry in ipairs(asked[4]) do
    local isFresh = entry[1] == 0 or entry[1] > head.newest
    head.newest = math.max(head.newest, entry[1])
    if isFresh then
      append(t, head, entry[2], entry[3], asked[5])
      written = written + 1
    end
  end
  call("SET", P .. "o:" .. t.id, cmsgpack.pack(head))
  return {"written", written, #asked[4] - written}
end

function verbs.writeOutput(asked)
  local verdicts = {}
  lease.fetch(asked, 1)
  for i, each in ipairs(asked) do verdicts[i] = writeOne(each) end
  return verdicts
end

-- id, from, kinds, limit, bytesMax: {entries, has more, the next offset, the tallies of the kinds, has it ended}
function verbs.readOutput(asked)
  local t = tasks.find(asked[1])
  if not t then return false end
  local head, sources, tallies = headOf(t), {}, {}
  for i, kind in ipairs(asked[3]) do sources[i], tallies[i] = outputKey(t, kind), head.tallies[kind + 1] end
  local found = t.more and cut(sources, asked[2], asked[4], asked[5]) or {{}, false}
  return {found[1], found[2], head.next, tallies, t.state >= SUCCEEDED}
end
`;
