/**
 * Schedules, and what became of their slots. Keys, by the id of a schedule: s: its row, {revision, round, when somebody has to look at
 * it, how far it has come}; sx: what is beside it, said of it and its target, which firing leaves alone; sh: what became of its slots,
 * oldest first, each packed with its place in front. Of all schedules: sn by id, sd by when somebody has to look at them.
 */
export const schedulesModule = `
local REVISION, ROUND, LOOK_AT, AFTER = 1, 2, 3, 4

local known, changed = {}, {}

local function fetch(ids)
  for from = 1, #ids, 500 do
    local keys = {}
    for at = from, math.min(from + 499, #ids) do keys[#keys + 1] = P .. "s:" .. ids[at] end
    for i, raw in ipairs(call("MGET", unpack(keys))) do known[ids[from + i - 1]] = raw and cmsgpack.unpack(raw) end
  end
end

-- The row of a schedule; false where there is none.
local function rowOf(id)
  if known[id] == nil then fetch({id}) end
  return known[id]
end

-- Whether a schedule is as it was read: {revision, round}; false: it was not there.
local function isAsRead(row, before)
  if not row or not before then return not row and not before end
  return row[REVISION] == before[1] and row[ROUND] == before[2]
end

local function keep(id, row) known[id], changed[id] = row, row end

-- Writes the rows that changed, and when somebody has to look at their schedules.
local function flush()
  local rows, planned, unplanned = {}, {}, {}
  for id, row in pairs(changed) do
    rows[#rows + 1], rows[#rows + 2] = P .. "s:" .. id, cmsgpack.pack(row)
    if row[LOOK_AT] then planned[#planned + 1], planned[#planned + 2] = row[LOOK_AT], id
    else unplanned[#unplanned + 1] = id end
  end
  inPieces("MSET", false, rows)
  inPieces("ZADD", P .. "sd", planned)
  inPieces("ZREM", P .. "sd", unplanned)
end

local function keepRecords(id, records)
  if #records == 0 then return end
  inPieces("RPUSH", P .. "sh:" .. id, records)
  call("LTRIM", P .. "sh:" .. id, -env.slotRecordsMax, -1)
end

local function remove(id)
  known[id], changed[id] = false, nil
  call("UNLINK", P .. "s:" .. id, P .. "sx:" .. id, P .. "sh:" .. id)
  call("ZREM", P .. "sn", id)
  call("ZREM", P .. "sd", id)
end

-- Removes so many schedules at most, with their records; answers how many went.
function schedules.clear(limit)
  local ids = call("ZRANGE", P .. "sn", 0, limit - 1)
  for _, id in ipairs(ids) do remove(id) end
  return #ids
end

-- id, {revision, round} of what it was decided from, row, what is said, target, records
function verbs.putSchedule(asked)
  if not space.isListed() then return "unlisted" end
  if space.row().state == "deleting" then return {"deleting"} end
  local id, row = asked[1], rowOf(asked[1])
  if not isAsRead(row, asked[2]) then return {"conflict", row and row[REVISION]} end
  if not row then
    if call("ZCARD", P .. "sn") >= env.schedulesMax then return {"limit"} end
    call("ZADD", P .. "sn", 0, id)
    -- The namespace is there as long as it has schedules.
    space.change()
  end
  call("HSET", P .. "sx:" .. id, "said", asked[4], "target", asked[5])
  keep(id, asked[3])
  flush()
  keepRecords(id, asked[6])
  return {"done"}
end

local function shown(id)
  local raw = call("GET", P .. "s:" .. id)
  local beside = raw and call("HMGET", P .. "sx:" .. id, "said", "target")
  return raw and {id, raw, beside[1], beside[2]}
end

function verbs.readSchedules(ids)
  local list = {}
  for i, id in ipairs(ids) do list[i] = shown(id) end
  return list
end

local function targetBytes(id) return call("HSTRLEN", P .. "sx:" .. id, "target") end

-- after, limit, bytesMax
function verbs.listSchedules(asked)
  local after, list, bytes = asked[1] and "(" .. asked[1] or "-", {}, 0
  for i, id in ipairs(call("ZRANGEBYLEX", P .. "sn", after, "+", "LIMIT", 0, asked[2])) do
    bytes = bytes + targetBytes(id)
    if i > 1 and bytes > asked[3] then break end
    list[i] = shown(id)
  end
  return list
end

-- id, revision
function verbs.deleteSchedule(asked)
  local row = rowOf(asked[1])
  if not row then return {"unknown"} end
  if asked[2] and asked[2] ~= row[REVISION] then return {"conflict", row[REVISION]} end
  remove(asked[1])
  return {"deleted"}
end

-- now, limit, bytesMax: id, when somebody has to look at it, and how large its target is, earliest first; none where nothing may begin.
function verbs.dueSchedules(asked)
  local list, bytes = {}, 0
  if space.row().state ~= "active" then return list end
  local found = call("ZRANGEBYSCORE", P .. "sd", "-inf", asked[1], "WITHSCORES", "LIMIT", 0, asked[2])
  for i = 1, #found, 2 do
    local size = targetBytes(found[i])
    bytes = bytes + size
    if i > 1 and bytes > asked[3] then break end
    list[#list + 1] = {found[i], tonumber(found[i + 1]), size}
  end
  return list
end

-- Why a canvas was not made, as storage/not-made.ts says it; false: it is there.
local function whyNot(verdict)
  if verdict == "accepted" or verdict == "duplicate" then return false end
  if type(verdict) == "string" then return verdict end
  local why = verdict[2]
  if why == "exists" then return "task_exists" end
  return why[1] == 1 and why[2] or "unique_taken"
end

-- Starts what a slot starts; answers why it could not be made. What is there already has been started.
local function start(kind, what, now)
  if kind == "not_made" then return what end
  if kind == "canvas" then return whyNot(barriers.submit(what)) end
  if accept.hashOf(what[1]) then return false end
  return not ends.takeInTask(what, now) and "unique_taken"
end

-- One that could not be made says so in its record.
local function notMade(raw, why)
  local record = cmsgpack.unpack(raw)
  record[#record] = {"not_made", why}
  return cmsgpack.pack(record)
end

local function fire(each, now)
  local id, records, after, whys = each[1], each[3], each[5], {}
  local row = rowOf(id)
  if not row or not isAsRead(row, each[2]) then return false end
  for _, one in ipairs(each[4]) do
    local at, why = one[1], start(one[2], one[3], now)
    if why then
      records[at] = notMade(records[at], why)
      whys[#whys + 1] = {at, why}
    end
  end
  if not after then
    remove(id)
    return whys
  end
  row[ROUND], row[LOOK_AT], row[AFTER] = after[1], after[2], after[3]
  keep(id, row)
  keepRecords(id, records)
  return whys
end

-- Applies decisions: {id, {revision, round} that it was made from, records, what starts {which record, kind, what}, {round, when somebody
-- has to look at it, how far it has come then} or false where it goes} each, and now. Answers which records could not be made, and why;
-- false where somebody else has decided, or nothing may begin.
function verbs.fireSchedules(asked)
  local fires, now, verdicts, ids, started = asked[1], asked[2], {}, {}, {}
  local isActive = space.row().state == "active"
  for i, each in ipairs(fires) do
    verdicts[i], ids[i] = false, each[1]
    for _, one in ipairs(each[4]) do
      if one[2] == "task" then started[#started + 1] = one[3][1] end
    end
  end
  if not isActive then return verdicts end
  gates.now = now
  fetch(ids)
  tasks.fetch(started)
  for i, each in ipairs(fires) do verdicts[i] = fire(each, now) end
  flush()
  return verdicts
end

-- id, before which place, limit: records as they are kept, oldest first. Places have no gaps.
function verbs.listSlotRecords(asked)
  local list, first = P .. "sh:" .. asked[1], call("LINDEX", P .. "sh:" .. asked[1], 0)
  if not first then return {} end
  local count = call("LLEN", list)
  local upTo = asked[2] and math.min(count, asked[2] - cmsgpack.unpack(first)[1]) or count
  return upTo > 0 and call("LRANGE", list, math.max(0, upTo - asked[3]), upTo - 1) or {}
end
`;
