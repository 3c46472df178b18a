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

-- A limit of which nothing was said yet; false: there may be no more of them.
local function begin(kind, subject)
  local m = space.row()
  if m.limits >= env.gateLimitsMax then return false end
  space.change().limits = m.limits + 1
  call("ZADD", P .. "Ln", 0, gates.rank(kind) .. subject)
  local limit = {
    kind = kind, subject = subject, concurrency = false, rate = false, pause = false, updatedAt = 0, dueAt = 0, from = false, upTo = 0,
  }
  if kind == "name" then countName(limit) end
  return limit
end

-- When the next grant is due. Without bounds there is nothing that a rate has given out; a faster one makes nobody wait as a slower did.
local function dueOf(limit, now)
  if not gates.isBounded(limit) then return 0 end
  local rate = limit.rate
  if not rate or rate[1] == 0 then return limit.dueAt end
  return math.min(limit.dueAt, now + rate[3] * rate[2] / rate[1])
end

-- Lets through and holds back whom a changed limit concerns, and forgets it when it says nothing any more.
local function become(limit, now)
  local isEmpty = not gates.isBounded(limit) and not limit.pause
  limit.updatedAt, limit.dueAt = now, dueOf(limit, now)
  gates.keep(limit)
  -- Whom nobody holds need not be counted.
  if not isEmpty and enrol(limit) then return "more" end
  if settle(limit, now) then return "more" end
  if isEmpty then gates.drop(limit) end
  return "done"
end

-- kind, subject, concurrency, rate {count, periodMs, burst}, updatedAt
function verbs.putLimit(asked)
  if not space.isListed() then return "unlisted" end
  local limit = gates.limit(asked[1], asked[2]) or begin(asked[1], asked[2])
  if not limit then return "too_many" end
  limit.concurrency, limit.rate = asked[3], asked[4]
  return become(limit, asked[5])
end

-- kind, subject, now. A pause stays.
function verbs.deleteLimit(asked)
  local limit = gates.limit(asked[1], asked[2])
  if not limit or limit.pause and not gates.isBounded(limit) then return "unknown" end
  limit.concurrency, limit.rate = false, false
  return become(limit, asked[3])
end

-- kind, subject, pause {reason, at, by, resumeAt}, now. Bounds stay.
function verbs.setGatePause(asked)
  if not space.isListed() then return "unlisted" end
  local limit = gates.limit(asked[1], asked[2])
  if not limit and not asked[3] then return "done" end
  limit = limit or begin(asked[1], asked[2])
  if not limit then return "too_many" end
  limit.pause = asked[3]
  return become(limit, asked[4])
end

local function shown(limit)
  return {limit.kind, limit.subject, limit.concurrency, limit.rate, limit.updatedAt, limit.pause}
end

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

-- A pause is over by itself. What is left to do at its gate is done with the next verb.
local function endPause(limit, now)
  limit.pause = false
  if become(limit, now) == "more" then news.wake(now) end
end

-- Lets through whom rates allow, and tells when the next one may come.
function verbs.openGates(now)
  if space.row().limits == 0 then return false end
  gates.resume()
  for _, raw in ipairs(call("HVALS", P .. "L")) do
    local each = cmsgpack.unpack(raw)
    local limit = gates.limit(each.kind, each.subject)
    if limit.pause and not gates.pauseAt(limit, now) then endPause(limit, now) end
    if limit.rate or limit.pause then
      if limit.kind ~= "queue" then
        gates.touchGate({kind = limit.kind, subject = limit.subject})
      elseif not gates.ringQueue(limit, now) then
        local at = gates.opensAt(limit, now)
        if at then news.wake(at) end
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
