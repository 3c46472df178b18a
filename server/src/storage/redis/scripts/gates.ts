/** What gates know: limits, who holds their permits, who stands in their lines, and orders. What model/gatekeeper.ts asks of a store. */
export const gatesModule = `
local STAGES = {key = 2, name = 3}
local limits, changedLimits = {}, {}

-- The limit of a kind and subject; false where there is none.
function gates.limit(kind, subject)
  if space.row().limits == 0 then return false end
  local id = kind .. " " .. subject
  if limits[id] == nil then
    local raw = call("HGET", P .. "L", id)
    limits[id] = raw and cmsgpack.unpack(raw) or false
  end
  return limits[id]
end

-- Whether names have limits: then those of a task that was there before them may not be said in its row yet.
local areNamesLimited
function gates.areNamesLimited()
  if space.row().limits == 0 then return false end
  if areNamesLimited == nil then areNamesLimited = call("ZLEXCOUNT", P .. "Ln", "[2", "(3") > 0 end
  return areNamesLimited
end

function gates.keep(limit)
  gates.isTouched = true
  local id = limit.kind .. " " .. limit.subject
  limits[id], changedLimits[id] = limit, limit
end

function gates.drop(limit)
  local id = limit.kind .. " " .. limit.subject
  limits[id], changedLimits[id] = false, nil
  call("HDEL", P .. "L", id)
  call("ZREM", P .. "Ln", gates.rank(limit.kind) .. limit.subject)
  space.change().limits = space.row().limits - 1
end

local ranks = {queue = "1", name = "2", key = "3"}
function gates.rank(kind) return ranks[kind] end

function gates.isBounded(limit) return (limit.concurrency or limit.rate) and true or false end

-- The pause {reason, at, by, resumeAt} of a limit, unless it is over; false: none.
function gates.pauseAt(limit, now)
  local pause = limit.pause
  return pause and not (pause[4] and pause[4] <= now) and pause
end

-- model/gate.ts
local TINY = 0.001
local function tokensAt(rate, dueAt, now)
  if rate[1] == 0 then return 0 end
  local interval = rate[2] / rate[1]
  local behind = now - math.max(dueAt, now) + (rate[3] - 1) * interval
  return behind < -TINY and 0 or math.floor((behind + TINY) / interval) + 1
end

local function nextTokenAt(limit)
  local rate = limit.rate
  if not rate or rate[1] == 0 then return false end
  return math.ceil(limit.dueAt - ((rate[3] - 1) * rate[2]) / rate[1] - TINY)
end

-- When time alone allows there what is not allowed now; false: it changes nothing.
function gates.opensAt(limit, now)
  local pause = gates.pauseAt(limit, now)
  -- Whoever comes back then learns what the rate says.
  if pause then return pause[4] end
  local at = nextTokenAt(limit)
  return at and at > now and at
end

function gates.capacityOf(limit, leased, now)
  if gates.pauseAt(limit, now) then return 0 end
  local permits = (limit.concurrency or math.huge) - leased
  if limit.rate then permits = math.min(permits, tokensAt(limit.rate, limit.dueAt, now)) end
  return math.max(0, permits)
end

-- Counts a grant against a rate.
function gates.take(kind, subject, now)
  local limit = gates.limit(kind, subject)
  if not limit or not limit.rate then return end
  if limit.rate[1] ~= 0 then limit.dueAt = math.max(limit.dueAt, now) + limit.rate[2] / limit.rate[1] end
  gates.keep(limit)
end

-- How many more tasks of a queue may be leased now.
function gates.queueRoom(q, now)
  local limit = gates.limit("queue", q.name)
  return limit and gates.capacityOf(limit, q.depth[LEASED + 1], now) or math.huge
end

local function at(gate, what) return P .. "g:" .. gate.kind .. ":" .. gate.subject .. ":" .. what end
gates.at = at

-- The gates of a task, in the order in which it passes them.
function gates.of(t)
  local list = {}
  if t.limitKey then list[1] = {kind = "key", subject = t.limitKey} end
  if t.named then list[#list + 1] = {kind = "name", subject = t.name} end
  return list
end

function gates.lineOf(gate, t)
  return t.queue .. " " .. (gate.kind == "key" and t.name or "") .. " " .. t.lane
end

-- The order of grants, as a text: priority, then turn, then acceptance.
function gates.order(t) return string.format("%03d", 999 - t.priority) .. place(t.turn) .. member(t) end
local function idOf(order) return string.sub(order, 36) end

local lined = {}

local function noteLine(gate, line)
  local key = at(gate, "n")
  if lined[key .. line] then return end
  lined[key .. line] = true
  call("SADD", key, line)
end

-- A line in which nobody stands any more is forgotten: there may be as many keys as there are customers.
local function tidy(gate, line)
  if call("EXISTS", at(gate, "u:" .. line), at(gate, "w:" .. line)) > 0 then return end
  call("SREM", at(gate, "n"), line)
  lined[at(gate, "n") .. line] = nil
end

-- Takes a task into, or out of, what its gates count.
function gates.count(t, isAdded)
  for _, gate in ipairs(gates.of(t)) do
    if t.state == LEASED then call(isAdded and "SADD" or "SREM", at(gate, "l"), t.id) end
    if t.state == READY and (t.held == 0 or t.held > STAGES[gate.kind]) then
      local line = gates.lineOf(gate, t)
      if isAdded then
        noteLine(gate, line)
        call("ZADD", at(gate, "u:" .. line), 0, gates.order(t))
      else
        call("ZREM", at(gate, "u:" .. line), gates.order(t))
        tidy(gate, line)
      end
    end
  end
end

local function gateOf(t)
  if t.held == STAGES.key then return {kind = "key", subject = t.limitKey} end
  return {kind = "name", subject = t.name}
end

function gates.wait(t)
  local gate = gateOf(t)
  local line = gates.lineOf(gate, t)
  noteLine(gate, line)
  call("ZADD", at(gate, "w:" .. line), 0, gates.order(t))
end

function gates.unwait(t)
  local gate = gateOf(t)
  local line = gates.lineOf(gate, t)
  call("ZREM", at(gate, "w:" .. line), gates.order(t))
  tidy(gate, line)
end

-- The lines of a gate in which somebody stands.
function gates.lines(gate)
  local lines = {}
  for i, line in ipairs(call("SMEMBERS", at(gate, "n"))) do lines[i] = {gate = gate, line = line} end
  return lines
end

function gates.unclaimed(l) return call("ZCARD", at(l.gate, "u:" .. l.line)) end
function gates.waitingCount(l) return call("ZCARD", at(l.gate, "w:" .. l.line)) end

function gates.lastUnclaimed(l)
  local last = call("ZREVRANGE", at(l.gate, "u:" .. l.line), 0, 0)[1]
  return last and tasks.find(idOf(last)) or false
end

function gates.waiting(l, count)
  local list, ids = {}, {}
  for i, order in ipairs(call("ZRANGE", at(l.gate, "w:" .. l.line), 0, count - 1)) do ids[i] = idOf(order) end
  tasks.fetch(ids)
  for i, id in ipairs(ids) do list[i] = tasks.find(id) end
  return list
end

function gates.leased(gate) return call("SCARD", at(gate, "l")) end

-- Takes a task into, or out of, the order of its key.
function gates.line(t, isAdded)
  local key = P .. "o:" .. t.orderKey
  if isAdded then call("ZADD", key, 0, member(t)) else call("ZREM", key, member(t)) end
end

-- The first of an order that has not ended.
function gates.firstIn(orderKey)
  local first = call("ZRANGE", P .. "o:" .. orderKey, 0, 0)[1]
  return first and tasks.find(idIn(first)) or false
end

function gates.flush()
  for id, limit in pairs(changedLimits) do call("HSET", P .. "L", id, cmsgpack.pack(limit)) end
end
`;
