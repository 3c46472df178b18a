/**
 * New tasks that only their queue has a say in, and that are ready at once. What those of a batch share comes once, as kinds: queue, lane
 * (priority and labels), and what stands in a row between id and hash, and behind it; of each task five come in one list: the number of
 * its kind, id, the row up to its place in the order of acceptance, hash and content (storage/redis/plain-args.ts).
 */
export const acceptPlainModule = `
local WIDTH = 5

local function areThere(ids)
  local keys = {}
  for i, id in ipairs(ids) do keys[i] = P .. "t:" .. id end
  for from = 1, #keys, ARGUMENTS do
    if call("EXISTS", unpack(keys, from, math.min(from + ARGUMENTS - 1, #keys))) > 0 then return true end
  end
  return false
end

local function wereThere(ids)
  if call("EXISTS", P .. "th") == 0 then return false end
  for from = 1, #ids, ARGUMENTS do
    for _, hash in ipairs(call("HMGET", P .. "th", unpack(ids, from, math.min(from + ARGUMENTS - 1, #ids)))) do
      if hash then return true end
    end
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

local function areAllPlain(kinds, items, ids)
  return space.row().limits == 0 and call("EXISTS", P .. "rv") == 0 and isRoomFor(kinds, items)
    and not areThere(ids) and not wereThere(ids)
end

local function storeAll(kinds, items, ids, now)
  local m, writes, all, lanes = space.change(), {}, {}, {}
  local bytes, n = 0, 0
  for i, id in ipairs(ids) do
    local at = i * WIDTH - WIDTH + 1
    local number, content = items[at], items[at + 4]
    local kind, lane = kinds[number], lanes[number]
    if not lane then
      lane = {}
      lanes[number] = lane
    end
    local seq = place(m.seq + i)
    writes[n + 1], writes[n + 2] = P .. "t:" .. id, items[at + 2] .. seq .. id .. kind[3] .. items[at + 3] .. kind[4]
    writes[n + 3], writes[n + 4] = P .. "c:" .. id, content
    n = n + 4
    all[i * 2 - 1], all[i * 2] = seq, id
    lane[#lane + 1], lane[#lane + 2] = "0", seq .. id
    bytes = bytes + #content
    space.noteOf(0, 0, kind[1], now, false, id, 1, 1)
  end
  m.seq, m.tasks, m.bytes = m.seq + #ids, m.tasks + #ids, m.bytes + bytes
  inPieces("MSET", false, writes)
  inPieces("ZADD", P .. "all", all)
  for number, lane in pairs(lanes) do
    local name, text = kinds[number][1], kinds[number][2]
    local depth = queues.change(queues.row(name)).depth
    depth[READY + 1] = depth[READY + 1] + #lane / 2
    call("SADD", P .. "q:" .. name .. ":n", text)
    inPieces("ZADD", P .. "q:" .. name .. ":r:" .. text, lane)
    news.ready(name, #lane / 2)
  end
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
  if areAllPlain(kinds, items, ids) then
    storeAll(kinds, items, ids, now)
    return true
  end
  local batch = {}
  for i = 1, #ids do batch[i] = spelt(kinds, items, i * WIDTH - WIDTH + 1) end
  return accept.all(batch, now, asked[4], false)
end
`;
