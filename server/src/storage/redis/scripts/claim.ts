import { calmForm, flags, headBytes, hotForm } from "./task-fields.ts";

/** Leases of ready tasks, best first. */
export const claimModule = `
local HELD, ROUNDS, AHEAD = 1000, 10, 100
local HEAD = "${hotForm}${calmForm}"
local readHead, makeHead, sub = struct.unpack, struct.pack, string.sub

local function labelsOf(lane)
  local labels = {}
  for label in string.gmatch(lane, "[^ ]+") do
    local key, value = string.match(label, "^([^=]*)=(.*)$")
    if key then labels[key] = value end
  end
  return labels
end

local function isSatisfied(lane, labels)
  for key, value in pairs(labelsOf(lane)) do
    if labels[key] ~= value then return false end
  end
  return true
end

-- The lanes of a queue that a worker may have, each with the first of its tasks.
local function openQueue(name, want)
  local q = queues.find(name)
  if not q or q.pause or q.life ~= "there" or q.depth[READY + 1] == 0 then return false end
  local open = {queue = q, lanes = {}}
  for _, text in ipairs(call("SMEMBERS", P .. "q:" .. name .. ":n")) do
    local priority, lane = string.match(text, "^(%S+) (.*)$")
    if isSatisfied(lane, want.labels) then
      local l = {key = P .. "q:" .. name .. ":r:" .. text, text = text, priority = tonumber(priority), at = 1, ids = {}}
      table.insert(open.lanes, l)
    end
  end
  return open
end

-- The first task of a lane, without its row: {turn, seq, id}; false where there is none left. What was taken of a lane is out of it before
-- more of it is read.
local function firstOf(open, l, left)
  if l.isDone then return false end
  if not l.ids[l.at] then
    l.ids, l.members, l.turns, l.at, l.first = {}, {}, {}, 1, false
    local last = math.max(1, math.min(l.isAlone and ARGUMENTS / 2 or AHEAD, left)) - 1
    -- Where nobody has a turn, all scores are 0.
    if open.queue.turn then
      local found = call("ZRANGE", l.key, 0, last, "WITHSCORES")
      for i = 1, #found, 2 do l.members[(i + 1) / 2], l.turns[(i + 1) / 2] = found[i], tonumber(found[i + 1]) end
    else l.members = call("ZRANGE", l.key, 0, last) end
    for i, text in ipairs(l.members) do l.ids[i] = sub(text, 17) end
    l.keys = tasks.fetch(l.ids)
    if #l.ids == 0 then
      l.isDone = true
      tasks.closeLane(open.queue.name, l.text)
      return false
    end
  end
  if not l.first then
    l.first = {turn = l.turns[l.at] or 0, seq = tonumber(string.sub(l.members[l.at], 1, 16)), id = l.ids[l.at]}
  end
  return l.first
end

-- The lane of a queue whose first task comes first.
local function bestLane(open, left)
  local best, first
  for _, l in ipairs(open.lanes) do
    local each = firstOf(open, l, left)
    if each and (not best or l.priority > best.priority or l.priority == best.priority
      and (each.turn < first.turn or each.turn == first.turn and each.seq < first.seq)) then
      best, first = l, each
    end
  end
  open.best, open.first, open.isKnown = best, first, true
end

local function bestQueue(opens, left)
  local best
  for _, open in ipairs(opens) do
    if not open.isKnown then bestLane(open, left) end
    if open.best and (not best or open.best.priority > best.best.priority
      or open.best.priority == best.best.priority and open.first.seq < best.first.seq) then best = open end
  end
  return best
end

local function openAll(names, want, known)
  local opens, seen = {}, {}
  for _, name in ipairs(names) do
    if not seen[name] then
      seen[name] = true
      if known[name] == nil then known[name] = openQueue(name, want) end
      if known[name] then opens[#opens + 1] = known[name] end
    end
  end
  if #opens == 1 and #opens[1].lanes == 1 then opens[1].lanes[1].isAlone = true end
  return opens
end

local function grant(t, want)
  local m, policy = space.change(), policyOf(t.policy)
  m.fence = m.fence + 1
  m.epoch = math.max(m.epoch, env.epoch)
  if t.claimKey and policy.unique and policy.unique["until"] == "started" then claims.release(t, want.now + policy.unique.forMs) end
  t.settled = false
  tasks.replace(t, function()
    t.state, t.reason, t.revision, t.deliveries = LEASED, 0, t.revision + 1, t.deliveries + 1
    t.epoch, t.fence, t.worker, t.startedAt = m.epoch, m.fence, want.worker, want.now
    t.timer = want.now + (policy.leaseMs or want.leaseMs) + want.graceMs
  end)
  local q = queues.row(t.queue)
  if m.limits > 0 then
    gates.take("queue", t.queue, want.now)
    gates.take("name", t.name, want.now)
    if t.limitKey then gates.take("key", t.limitKey, want.now) end
    gates.announceQueue(q, want.now)
  end
  if q.turn and t.turn > q.turn then q.turn = t.turn end
  space.note(t, 2, want.now)
end

-- Whether nothing that is taken of a lane lets another one come before it: those have less priority, or nothing.
local function isFirstForNow(opens, lane)
  for _, open in ipairs(opens) do
    for _, l in ipairs(open.lanes) do
      if l ~= lane and not l.isDone and l.priority >= lane.priority then return false end
    end
  end
  return true
end

-- Leases what stands first in a lane, so many at most, as far as only their queue has a say in it: of a row the head and the worker are
-- others, and the rest is not read. Answers how many that were.
local function grantRun(open, l, most, leasing)
  local want, claimed, m, q = leasing.want, leasing.claimed, space.row(), open.queue
  local now, worker, at, leased, ids, name = want.now, want.worker, l.at, {}, l.ids, open.queue.name
  local from, upTo, epoch, fence, timers = at, math.min(#ids, at + most - 1), math.max(m.epoch, env.epoch), m.fence, {}
  local facts = space.factsLike(2, 0, name, now, false)
  local fact, grace, usual, members, keys, bytesMax = #facts, want.graceMs, want.leaseMs, l.members, l.keys, want.contentBytesMax
  local unopened, patch, count, total = tasks.unopened, tasks.patch, #claimed, leasing.bytes
  while at <= upTo do
    local id = ids[at]
    local raw = unopened(id)
    if not raw then break end
    local flags, _, _, revision, attempt, deliveries, _, _, _, _, endedAt, bytes, carried, _, createdAt, leaseMs, workerLength
      = readHead(HEAD, raw)
    local sum = total + bytes + carried
    if flags % 2 == ${flags.tied} or count > 0 and sum > bytesMax then break end
    total, fence, count = sum, fence + 1, count + 1
    local untilAt = now + (leaseMs >= 0 and leaseMs or usual) + grace
    local head = makeHead(HEAD, flags, LEASED, 0, revision + 1, attempt, deliveries + 1, epoch, fence, -1, untilAt, endedAt, bytes, carried,
      now, createdAt, leaseMs, #worker)
    patch(id, keys[at], head .. sub(raw, ${headBytes + 1}, -1 - workerLength) .. worker)
    local timer = timers[untilAt]
    if not timer then
      timer = string.format("%.17g", untilAt)
      timers[untilAt] = timer
    end
    local n = (at - from) * 2
    leased[n + 1], leased[n + 2] = timer, members[at]
    facts[fact + 1], facts[fact + 2], facts[fact + 3] = id, revision + 1, attempt
    claimed[count], fact, at = id, fact + 3, at + 1
  end
  count = at - from
  if count == 0 then return 0 end
  l.at, l.first, m.epoch, m.fence, leasing.bytes = at, false, epoch, fence, total
  space.change()
  queues.change(q)
  space.counted(count)
  leasing.count(name, count)
  q.depth[READY + 1], q.depth[LEASED + 1] = q.depth[READY + 1] - count, q.depth[LEASED + 1] + count
  -- They are what the lane begins with: whatever stood before them has been taken out.
  call("ZREMRANGEBYRANK", l.key, 0, count - 1)
  inPieces("ZADD", P .. "l", leased)
  return count
end


-- Sends a task back to a gate of its that has closed since it passed.
local function holdsBack(t, now)
  if space.row().limits == 0 then return false end
  for _, gate in ipairs(gates.of(t)) do
    if gates.capacity(gate, now) <= 0 then
      tasks.stand(t, gate.kind == "key" and 2 or 3)
      gates.touch(t)
      return true
    end
  end
  return false
end

local function createLeasing(want)
  local leasing = {want = want, held = 0, isFull = false, bytes = 0, claimed = {}, counts = {}}
  local claimed = leasing.claimed
  -- Whether so many bytes more may be handed out; if not, it is over for good. The first task does not ask.
  function leasing.fits(bytes)
    leasing.isFull = leasing.isFull or #claimed > 0 and leasing.bytes + bytes > want.contentBytesMax
    return not leasing.isFull
  end
  function leasing.count(queue, count) leasing.counts[queue] = (leasing.counts[queue] or 0) + count end
  -- Takes the first of a lane, or the first few; answers how many were leased.
  local function take(opens, open, most)
    local l, q = open.best, open.queue
    local isLimited = gates.limit("queue", q.name) and true or false
    if not isLimited and not q.turn and not gates.areNamesLimited() then
      local count = grantRun(open, l, most > 1 and isFirstForNow(opens, l) and most or 1, leasing)
      if count > 0 or leasing.isFull then return count end
    end
    local t = tasks.find(open.first.id)
    if not leasing.fits(t.bytes + t.carried) then return 0 end
    if isLimited and gates.queueRoom(q, want.now) <= 0 then
      l.isDone = true
      return 0
    end
    l.at, l.first = l.at + 1, false
    if t.waitUntil and t.waitUntil <= want.now then
      tasks.waitUntil(t, false)
      changes.endWaiting(t, "overdue", want.now)
      return 0
    end
    if holdsBack(t, want.now) then
      leasing.held = leasing.held + 1
      return 0
    end
    grant(t, want)
    claimed[#claimed + 1] = t.id
    leasing.bytes = leasing.bytes + t.bytes + t.carried
    leasing.count(t.queue, 1)
    leasing.isFull = #claimed == want.turnsMax and q.turn ~= false
    return 1
  end
  -- Leases the best tasks of some queues, so many at most; 0 when they have none, and for good once the next one's content did not fit.
  function leasing.next(opens, most)
    while leasing.held < HELD and not leasing.isFull do
      local open = bestQueue(opens, want.limit - #claimed)
      if not open then return 0 end
      open.isKnown = false
      local count = take(opens, open, most)
      if count > 0 then return count end
    end
    return 0
  end
  return leasing
end

-- Takes up to so many tasks, each from the queue that has had least for its weight (model/queue-tier.ts).
local function dealTurns(shares, limit, next)
  local round = {}
  for i, share in ipairs(shares) do round[i] = {queue = share[1], weight = share[2], taken = share[3]} end
  local dealt = 0
  while dealt < limit and #round > 0 do
    local least = 1
    for i, share in ipairs(round) do if share.taken < round[least].taken then least = i end end
    if next(round[least].queue) > 0 then
      round[least].taken = round[least].taken + 1 / round[least].weight
      dealt = dealt + 1
    else table.remove(round, least) end
  end
end

-- The same shares after some tasks were taken.
local function sharesAfter(shares, counts)
  local least, most, after = math.huge, -math.huge, {}
  for i, share in ipairs(shares) do
    after[i] = {share[1], share[2], share[3] + (counts[share[1]] or 0) / share[2]}
    least, most = math.min(least, share[2]), math.max(most, after[i][3])
  end
  for _, share in ipairs(after) do share[3] = math.max(0, share[3] - (most - 1 / least)) end
  return after
end

-- Leases what stands free, and answers how many were met at gates that had closed.
local function claimOnce(leasing, tiers)
  local known, want, claimed = {}, leasing.want, leasing.claimed
  leasing.held, leasing.isFull = 0, false
  for _, tier in ipairs(tiers) do
    if tier[1] == "merged" then
      local opens = openAll(tier[2], want, known)
      while want.limit > #claimed and leasing.next(opens, want.limit - #claimed) > 0 do end
    else
      dealTurns(tier[2], want.limit - #claimed, function(queue) return leasing.next(openAll({queue}, want, known), 1) end)
    end
  end
  return leasing.held
end

-- Rows as they are now, each with its content; and of those that have more what claims hand out of that, by their places.
local function handed(ids)
  local list, extras, keys, contents = {}, false, {}, {}
  for i, id in ipairs(ids) do keys[i] = P .. "c:" .. id end
  for from = 1, #keys, ARGUMENTS do
    for i, content in ipairs(call("MGET", unpack(keys, from, math.min(from + ARGUMENTS - 1, #keys)))) do contents[from + i - 1] = content end
  end
  for i, id in ipairs(ids) do
    local raw = tasks.rowOf(id)
    list[i * 2 - 1], list[i * 2] = raw, contents[i]
    if string.byte(raw) >= ${flags.more} then
      local extra = call("HMGET", P .. "x:" .. id, "checkpoint", "input", "handed")
      extras = extras or {}
      extras[#extras + 1] = {i - 1, extra[1], extra[2], extra[3]}
    end
  end
  return {list, extras}
end

function verbs.claim(asked)
  local want = {
    queues = asked[1], limit = asked[2], labels = asked[3], turnsMax = asked[4], contentBytesMax = asked[5],
    now = asked[6], leaseMs = asked[7], graceMs = asked[8], worker = asked[9],
  }
  local tiers, leasing = asked[10] or {{"merged", want.queues}}, createLeasing(want)
  if space.row().state ~= "active" then return {{}, false} end
  gates.now = want.now
  local held, round, claimed = claimOnce(leasing, tiers), 1, leasing.claimed
  -- In the place of those that went back others may come, once the gates are tended.
  while held > 0 and #claimed < want.limit and round < ROUNDS do
    gates.tend(want.now)
    local left, counts = {}, leasing.counts
    for i, tier in ipairs(tiers) do left[i] = tier[1] == "merged" and tier or {tier[1], sharesAfter(tier[2], counts)} end
    held = claimOnce(leasing, left)
    round = round + 1
  end
  return handed(claimed)
end
`;
