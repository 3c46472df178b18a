/** Leases of ready tasks, best first. */
export const claimModule = `
local HELD, ROUNDS, AHEAD = 1000, 10, 100

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
      local l = {key = P .. "q:" .. name .. ":r:" .. text, text = text, priority = tonumber(priority), at = 1, ahead = {}}
      table.insert(open.lanes, l)
    end
  end
  return open
end

-- The first task of a lane, without its row: {turn, seq, id}; false where there is none left.
local function firstOf(open, l, left)
  if l.isDone then return false end
  if not l.ahead[l.at] then
    l.ahead, l.at = {}, 1
    local found, ids = call("ZRANGE", l.key, 0, math.max(1, math.min(AHEAD, left)) - 1, "WITHSCORES"), {}
    for i = 1, #found, 2 do
      local id = idIn(found[i])
      ids[#ids + 1] = id
      l.ahead[#ids] = {turn = tonumber(found[i + 1]), seq = tonumber(string.sub(found[i], 1, 16)), id = id}
    end
    tasks.fetch(ids)
    if #ids == 0 then
      l.isDone = true
      tasks.closeLane(open.queue.name, l.text)
      return false
    end
  end
  return l.ahead[l.at]
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
  return t
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

local function createLeasing(want, claimed)
  local leasing = {held = 0, isFull = false, bytes = 0}
  local function sizeOf(t) return t.bytes + t.carried end
  for _, t in ipairs(claimed) do leasing.bytes = leasing.bytes + sizeOf(t) end
  -- Leases the best task of some queues; false when they have none, and for good once the next one's content did not fit.
  function leasing.next(opens)
    while leasing.held < HELD do
      local open = not leasing.isFull and bestQueue(opens, want.limit - #claimed)
      if not open then return false end
      local l, t = open.best, tasks.find(open.first.id)
      local bytes = leasing.bytes + sizeOf(t)
      leasing.isFull = #claimed > 0 and bytes > want.contentBytesMax
      if leasing.isFull then return false end
      open.isKnown = false
      if space.row().limits > 0 and gates.queueRoom(open.queue, want.now) <= 0 then
        l.isDone = true
      else
        l.at = l.at + 1
        if t.waitUntil and t.waitUntil <= want.now then
          tasks.waitUntil(t, false)
          changes.endWaiting(t, "overdue", want.now)
        elseif holdsBack(t, want.now) then
          leasing.held = leasing.held + 1
        else
          claimed[#claimed + 1] = grant(t, want)
          leasing.bytes = bytes
          leasing.isFull = #claimed == want.turnsMax and open.queue.turn ~= false
          return t
        end
      end
    end
    return false
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
    if next(round[least].queue) then
      round[least].taken = round[least].taken + 1 / round[least].weight
      dealt = dealt + 1
    else table.remove(round, least) end
  end
end

-- The same shares after some tasks were taken.
local function sharesAfter(shares, claimed)
  local counts, least, most, after = {}, math.huge, -math.huge, {}
  for _, t in ipairs(claimed) do counts[t.queue] = (counts[t.queue] or 0) + 1 end
  for i, share in ipairs(shares) do
    after[i] = {share[1], share[2], share[3] + (counts[share[1]] or 0) / share[2]}
    least, most = math.min(least, share[2]), math.max(most, after[i][3])
  end
  for _, share in ipairs(after) do share[3] = math.max(0, share[3] - (most - 1 / least)) end
  return after
end

-- Leases what stands free, and answers how many were met at gates that had closed.
local function claimOnce(want, tiers, claimed)
  local leasing, known = createLeasing(want, claimed), {}
  for _, tier in ipairs(tiers) do
    if tier[1] == "merged" then
      local opens = openAll(tier[2], want, known)
      while want.limit > #claimed and leasing.next(opens) do end
    else
      dealTurns(tier[2], want.limit - #claimed, function(queue) return leasing.next(openAll({queue}, want, known)) end)
    end
  end
  return leasing.held
end

local function handed(claimed)
  local keys, list, contents = {}, {}, {}
  for i, t in ipairs(claimed) do keys[i] = P .. "c:" .. t.id end
  for from = 1, #keys, 500 do
    for i, content in ipairs(call("MGET", unpack(keys, from, math.min(from + 499, #keys)))) do contents[from + i - 1] = content end
  end
  for i, t in ipairs(claimed) do
    local row = {t.id, t.queue, t.epoch, t.fence, t.createdAt, contents[i], t.policy, t.attempt, t.deliveries}
    if t.more then
      local extra = call("HMGET", P .. "x:" .. t.id, "checkpoint", "input", "handed")
      row[10], row[11], row[12] = extra[1], extra[2], extra[3]
    end
    list[i] = row
  end
  return list
end

function verbs.claim(asked)
  local want = {
    queues = asked[1], limit = asked[2], labels = asked[3], turnsMax = asked[4], contentBytesMax = asked[5],
    now = asked[6], leaseMs = asked[7], graceMs = asked[8], worker = asked[9],
  }
  local tiers, claimed = asked[10] or {{"merged", want.queues}}, {}
  if space.row().state ~= "active" then return {} end
  gates.now = want.now
  local held = claimOnce(want, tiers, claimed)
  -- In the place of those that went back others may come, once the gates are tended.
  local round = 1
  while held > 0 and #claimed < want.limit and round < ROUNDS do
    gates.tend(want.now)
    local left = {}
    for i, tier in ipairs(tiers) do left[i] = tier[1] == "merged" and tier or {tier[1], sharesAfter(tier[2], claimed)} end
    held = claimOnce(want, left, claimed)
    round = round + 1
  end
  return handed(claimed)
end
`;
