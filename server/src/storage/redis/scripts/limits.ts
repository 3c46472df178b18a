/** Limits as operators put them, and where a task stands among all that decides whether it runs. */
export const limitsModule = `
local PIECE = 1000

-- Brings in order what a limit is about. True: there is more to do.
local function settle(limit, now)
  if limit.kind ~= "queue" then
    gates.touchGate({kind = limit.kind, subject = limit.subject})
    return gates.tend(now)
  end
  gates.ringQueue(limit, now)
  return false
end

-- Tells who waits for a queue whether it may be claimed from; false: not now, though there is something in it.
function gates.ringQueue(limit, now)
  local q = queues.find(limit.subject)
  if not q or q.depth[READY + 1] == 0 then return true end
  local room = math.min(q.depth[READY + 1], gates.queueRoom(q, now))
  if room > 0 then news.ring(q.name, room) end
  return room > 0
end

-- A name's tasks are counted from when there is a limit on it: those that came before are gone through, a piece a call.
local function enrol(limit)
  if limit.kind ~= "name" or not limit.from then return false end
  local found = call("ZRANGEBYSCORE", P .. "all", "(" .. place(limit.from), place(limit.upTo), "LIMIT", 0, PIECE)
  tasks.fetch(found)
  for _, id in ipairs(found) do
    local t = tasks.find(id)
    limit.from = t.seq
    if t.name == limit.subject and not t.named and t.state < SUCCEEDED then
      t.named = true
      tasks.change(t)
      gates.count(t, true)
    end
  end
  if #found < PIECE then limit.from = false end
  gates.keep(limit)
  return limit.from and true or false
end

-- One that has a gate of its own already is counted there.
local function countName(limit)
  limit.from, limit.upTo = 0, space.row().seq
end

-- kind, subject, concurrency, rate {count, periodMs, burst}, updatedAt
function verbs.putLimit(asked)
  if not space.isListed() then return "unlisted" end
  local m, before = space.row(), gates.limit(asked[1], asked[2])
  if not before and m.limits >= env.gateLimitsMax then return "too_many" end
  local rate, now = asked[4], asked[5]
  local dueAt = before and before.dueAt or 0
  if rate and rate[1] ~= 0 then dueAt = math.min(dueAt, now + rate[3] * rate[2] / rate[1]) end
  local limit = before or {kind = asked[1], subject = asked[2], from = false, upTo = 0}
  if not before then
    space.change().limits = m.limits + 1
    call("ZADD", P .. "Ln", 0, gates.rank(limit.kind) .. limit.subject)
    if limit.kind == "name" then countName(limit) end
  end
  limit.concurrency, limit.rate, limit.updatedAt, limit.dueAt = asked[3], rate, now, dueAt
  gates.keep(limit)
  if enrol(limit) then return "more" end
  return settle(limit, now) and "more" or "done"
end

-- kind, subject, now
function verbs.deleteLimit(asked)
  local limit = gates.limit(asked[1], asked[2])
  if not limit then return "unknown" end
  limit.concurrency, limit.rate, limit.updatedAt, limit.from = false, false, asked[3], false
  gates.keep(limit)
  if settle(limit, asked[3]) then return "more" end
  gates.drop(limit)
  return "done"
end

local function shown(limit) return {limit.kind, limit.subject, limit.concurrency, limit.rate, limit.updatedAt} end

function verbs.getLimit(asked)
  local limit = gates.limit(asked[1], asked[2])
  if not limit then return false end
  if limit.kind == "queue" then
    local q = queues.find(limit.subject)
    return {shown(limit), q and q.depth[LEASED + 1] or 0, q and q.depth[READY + 1] or 0}
  end
  local waiting, gate = 0, {kind = limit.kind, subject = limit.subject}
  for _, l in ipairs(gates.lines(gate)) do waiting = waiting + gates.waitingCount(l) end
  return {shown(limit), gates.leased(gate), waiting}
end

local kinds = {["1"] = "queue", ["2"] = "name", ["3"] = "key"}

-- after {kind, subject}, limit
function verbs.listLimits(asked)
  local after, list = asked[1] and "(" .. gates.rank(asked[1][1]) .. asked[1][2] or "-", {}
  for i, text in ipairs(call("ZRANGEBYLEX", P .. "Ln", after, "+", "LIMIT", 0, asked[2])) do
    list[i] = shown(gates.limit(kinds[string.sub(text, 1, 1)], string.sub(text, 2)))
  end
  return list
end

-- Lets through whom rates allow, and tells when the next one may come.
function verbs.openGates(now)
  if space.row().limits == 0 then return false end
  gates.resume()
  for _, raw in ipairs(call("HVALS", P .. "L")) do
    local each = cmsgpack.unpack(raw)
    local limit = gates.limit(each.kind, each.subject)
    if limit.rate then
      if limit.kind ~= "queue" then
        gates.touchGate({kind = limit.kind, subject = limit.subject})
      elseif not gates.ringQueue(limit, now) then
        local at = gates.nextTokenAt(limit)
        if at and at > now then news.wake(at) end
      end
    end
  end
  if gates.tend(now) then news.wake(now) end
  return news.wakeAt()
end

-- How many stand in a lane's index before a task, counted up to a bound.
local function before(t, text, atMost)
  local priority, lane = string.match(text, "^(%S+) (.*)$")
  local key = P .. "q:" .. t.queue .. ":r:" .. text
  if tonumber(priority) < t.priority then return 0 end
  if tonumber(priority) > t.priority then return math.min(atMost, call("ZCARD", key)) end
  local stands = call("ZSCORE", key, member(t))
  if not stands then call("ZADD", key, t.turn, member(t)) end
  local rank = call("ZRANK", key, member(t))
  if not stands then call("ZREM", key, member(t)) end
  return math.min(atMost, rank)
end

local function countAhead(t, aheadMax)
  local count = 0
  if t.state ~= READY then return 0 end
  for _, text in ipairs(call("SMEMBERS", P .. "q:" .. t.queue .. ":n")) do count = count + before(t, text, aheadMax + 1) end
  return math.min(count, aheadMax + 1)
end

local function gateStanding(t, kind, subject, aheadMax)
  local limit = subject and gates.limit(kind, subject)
  if not limit then return false end
  local gate, ahead = {kind = kind, subject = subject}, 0
  if t.state == READY then
    for _, l in ipairs(gates.lines(gate)) do
      if string.sub(l.line, 1, #t.queue + 1) == t.queue .. " " then
        ahead = ahead + call("ZLEXCOUNT", gates.at(gate, "u:" .. l.line), "-", "(" .. gates.order(t))
      end
    end
  end
  return {shown(limit), limit.dueAt, gates.leased(gate), math.min(ahead, aheadMax + 1)}
end

-- id, aheadMax: {row, why the namespace stops, is the queue being deleted, its pause, the first of its order, limits, ahead}
function verbs.readStanding(asked)
  local t = tasks.find(asked[1])
  if not t then return false end
  local q, ahead, list = queues.row(t.queue), countAhead(t, asked[2]), {}
  local first = t.orderKey and gates.firstIn(t.orderKey)
  local function add(standing) if standing then list[#list + 1] = standing end end
  add(gateStanding(t, "key", t.limitKey, asked[2]))
  add(gateStanding(t, "name", t.name, asked[2]))
  local limit = gates.limit("queue", t.queue)
  if limit then add({shown(limit), limit.dueAt, q.depth[LEASED + 1], ahead}) end
  return {
    call("GET", P .. "t:" .. t.id), space.row().record, q.life == "deleting", q.pause,
    first and first.id ~= t.id and {first.id, first.state} or false, list, ahead,
  }
end
`;
