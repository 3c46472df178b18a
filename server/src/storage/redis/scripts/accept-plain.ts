import { argumentsMax } from "./base.ts";
import { seqDigits } from "./task-fields.ts";

/** So many come at most: their rows are stored by one command. */
export const plainTasksMax = argumentsMax / 2;

/**
 * New tasks that only their queue has a say in, and that are ready at once. What those of a batch share comes once, as kinds: queue, lane
 * (priority and labels), what stands in a row between id and hash, and behind it, and name; of each task five come in one list: the number of
 * its kind, id, the row up to its place in the order of acceptance, hash and content (storage/redis/plain-args.ts).
 */
export const acceptPlainModule = `
local WIDTH = 5
local sub, format = string.sub, string.format

-- Whether a hash, if it is there, has one of these.
local function hasAny(key, ids)
  if call("EXISTS", key) == 0 then return false end
  for from = 1, #ids, ARGUMENTS do
    for _, found in ipairs(call("HMGET", key, unpack(ids, from, math.min(from + ARGUMENTS - 1, #ids)))) do
      if found then return true end
    end
  end
  return false
end

local function areNamesLimited(kinds)
  for _, kind in ipairs(kinds) do
    if gates.limit("name", kind[5]) then return true end
  end
  return false
end

-- Whether each queue takes all that is meant for it: what the last one finds decides, for there is only less room then.
local function isRoomFor(kinds, items)
  local counts, bytes = {}, 0
  for i = 1, #items, WIDTH do
    local queue = kinds[items[i]][1]
    counts[queue] = (counts[queue] or 0) + 1
    bytes = bytes + #items[i + 4]
  end
  for name, count in pairs(counts) do
    local q = queues.find(name)
    if not q or q.turn then return false end
    local room = queues.room(q)
    room.tasks = room.tasks + count - 1
    if queues.refusalToEnter(room, bytes, {tasks = #items / WIDTH - 1, bytes = 0}) then return false end
  end
  return true
end

local function noteAll(kinds, items, ids, now)
  local number, facts, n
  for i, id in ipairs(ids) do
    local its = items[(i - 1) * WIDTH + 1]
    if its ~= number then
      number, facts = its, space.factsLike(0, 0, kinds[its][1], now, false)
      n = #facts
    end
    facts[n + 1], facts[n + 2], facts[n + 3] = id, 1, 1
    n = n + 3
  end
  space.counted(#ids)
end

-- Stores them unless one is there already: then it has stored nothing.
local function storeAll(kinds, items, ids, now)
  local m, rows, contents, all, lanes = space.row(), {}, {}, {}, {}
  local bytes, row, content = 0, P .. "t:", P .. "c:"
  for i = 1, #ids do
    local at, n, id = (i - 1) * WIDTH, i * 2, ids[i]
    local number, said = items[at + 1], items[at + 5]
    local kind, lane = kinds[number], lanes[number]
    if not lane then
      lane = {}
      lanes[number] = lane
    end
    local member = format("%0${seqDigits}d", m.seq + i) .. id
    local seq, length = sub(member, 1, ${seqDigits}), #lane
    rows[n - 1], rows[n] = row .. id, items[at + 3] .. member .. kind[3] .. items[at + 4] .. kind[4]
    contents[n - 1], contents[n] = content .. id, said
    all[n - 1], all[n] = seq, id
    lane[length + 1], lane[length + 2] = "0", member
    bytes = bytes + #said
  end
  -- One call, so that it is all or nothing.
  if call("MSETNX", unpack(rows)) == 0 then return false end
  space.change()
  m.seq, m.tasks, m.bytes = m.seq + #ids, m.tasks + #ids, m.bytes + bytes
  inPieces("MSET", false, contents)
  inPieces("ZADD", P .. "all", all)
  for number, lane in pairs(lanes) do
    local name, text = kinds[number][1], kinds[number][2]
    local depth = queues.change(queues.row(name)).depth
    depth[READY + 1] = depth[READY + 1] + #lane / 2
    call("SADD", P .. "q:" .. name .. ":n", text)
    inPieces("ZADD", P .. "q:" .. name .. ":r:" .. text, lane)
    news.ready(name, #lane / 2)
  end
  noteAll(kinds, items, ids, now)
  return true
end

-- The same task as accept takes it.
local function spelt(kinds, items, at)
  local kind, id, content = kinds[items[at]], items[at + 1], items[at + 4]
  local t = rows.open(items[at + 2] .. place(0) .. id .. kind[3] .. items[at + 3] .. kind[4])
  return {id, t.name, t.queue, t.priority, t.policy, false, false, false, t.ties, false, false, false, t.lane, false, false, content,
    t.hash, false, false, false, false, false, 0, false, false}
end

-- kinds, items, now, isAtomic. True: all were accepted; else the verdicts.
function verbs.acceptPlain(asked)
  if not space.isListed() then return "unlisted" end
  local kinds, items, now, ids = asked[1], asked[2], asked[3], {}
  gates.now = now
  for i = 2, #items, WIDTH do ids[#ids + 1] = items[i] end
  local isPlain = isRoomFor(kinds, items) and not areNamesLimited(kinds) and not hasAny(P .. "rv", ids) and not hasAny(P .. "th", ids)
  if isPlain and storeAll(kinds, items, ids, now) then return true end
  local batch = {}
  for i = 1, #ids do batch[i] = spelt(kinds, items, i * WIDTH - WIDTH + 1) end
  return accept.all(batch, now, asked[4], false)
end
`;
