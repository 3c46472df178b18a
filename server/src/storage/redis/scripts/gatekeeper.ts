/** How tasks pass gates: model/gatekeeper.ts, told once more where the rows are. The two are held equal by the contract's random gates. */
export const gatekeeperModule = `
local MOVES = 1000
local STAGE = {key = 2, name = 3}
local touched = {key = {}, name = {}}
local lists = {key = {}, name = {}}
local ended, endedList = {}, {}

function gates.touchGate(gate)
  gates.isTouched = true
  if touched[gate.kind][gate.subject] then return end
  touched[gate.kind][gate.subject] = true
  table.insert(lists[gate.kind], gate.subject)
end

local function touchLimited(gate)
  if gates.limit(gate.kind, gate.subject) then gates.touchGate(gate) end
end

-- Something changed that may open, or close, the gates of a task.
function gates.touch(t)
  for _, gate in ipairs(gates.of(t)) do touchLimited(gate) end
end

-- A task has ended, and whoever is behind it in its order may come.
function gates.touchOrder(t)
  gates.isTouched = true
  if ended[t.orderKey] then return end
  ended[t.orderKey] = true
  table.insert(endedList, t.orderKey)
end

-- How many more tasks may be leased there now.
function gates.capacity(gate, now)
  local limit = gates.limit(gate.kind, gate.subject)
  return limit and gates.capacityOf(limit, gates.leased(gate), now) or math.huge
end

-- Where a task comes to stand that has passed a stage. Gates that stand open it does not even come to.
local function stageAfter(t, passed)
  if space.row().limits == 0 then return 0 end
  for _, gate in ipairs(gates.of(t)) do
    if STAGE[gate.kind] > passed and gates.limit(gate.kind, gate.subject) then
      gates.touchGate(gate)
      return STAGE[gate.kind]
    end
  end
  return 0
end

-- A task that has become ready stands at the first gate that it has.
function gates.pass(t)
  -- A limit on its name may have come after it.
  if not t.named and gates.limit("name", t.name) then t.named = true end
  local first = t.orderKey and gates.firstIn(t.orderKey)
  if first and first.id ~= t.id then t.held = 1 else t.held = stageAfter(t, 1) end
end

local function stand(t, stage)
  tasks.stand(t, stage)
  if stage == 0 then news.ring(t.queue, 1) end
end

local function holdBack(t, gate)
  stand(t, STAGE[gate.kind])
  -- Its place behind this gate is free.
  if gate.kind == "key" then touchLimited({kind = "name", subject = t.name}) end
end

-- Who waits takes the place of who has passed and comes later in the order.
local function exchange(l)
  for _ = 1, MOVES do
    local first = gates.waiting(l, 1)[1]
    local last = first and gates.lastUnclaimed(l)
    if not first or not last or gates.order(first) >= gates.order(last) then return false end
    holdBack(last, l.gate)
    stand(first, stageAfter(first, STAGE[l.gate.kind]))
  end
  return true
end

local function holdBackSome(l, tooMany)
  for moved = 0, tooMany - 1 do
    local last = moved < MOVES and gates.lastUnclaimed(l)
    if not last then return moved == MOVES end
    holdBack(last, l.gate)
  end
  return exchange(l)
end

local function tendLine(l, room)
  local free = room - gates.unclaimed(l)
  if free < 0 then return holdBackSome(l, -free) end
  local through = free == 0 and {} or gates.waiting(l, math.min(free, MOVES))
  for _, t in ipairs(through) do stand(t, stageAfter(t, STAGE[l.gate.kind])) end
  if #through == MOVES then return true end
  return exchange(l)
end

local function tendGate(gate, now)
  local room, isMore = gates.capacity(gate, now), false
  for _, l in ipairs(gates.lines(gate)) do
    if tendLine(l, room) then isMore = true end
  end
  return isMore
end

-- Says when a gate will open by itself, if somebody waits there.
local function announce(gate, now)
  local limit = gates.limit(gate.kind, gate.subject)
  local at = limit and gates.opensAt(limit, now)
  if not at then return end
  for _, l in ipairs(gates.lines(gate)) do
    if gates.waitingCount(l) > 0 then return news.wake(at) end
  end
end

local function tendAll(kind, now)
  local subjects = lists[kind]
  touched[kind], lists[kind] = {}, {}
  for _, subject in ipairs(subjects) do
    local gate = {kind = kind, subject = subject}
    if tendGate(gate, now) then gates.touchGate(gate) end
    announce(gate, now)
  end
end

-- Lets tasks through the gates that were touched, and holds back who may not be let through any more. True: there is more to do.
function gates.tend(now)
  for _, key in ipairs(endedList) do
    local first = gates.firstIn(key)
    if first and first.held == 1 then stand(first, stageAfter(first, 1)) end
  end
  ended, endedList = {}, {}
  tendAll("key", now)
  tendAll("name", now)
  return #lists.key + #lists.name > 0
end

-- Brings the gates in order that a verb has touched. What is left over is noted for whoever opens gates next.
function gates.finish()
  if gates.now and #endedList + #lists.key + #lists.name > 0 and gates.tend(gates.now) then news.wake(gates.now) end
  for kind, subjects in pairs(lists) do
    for _, subject in ipairs(subjects) do call("SADD", P .. "gt", kind .. " " .. subject) end
  end
  gates.flush()
end

-- Takes up what was left over.
function gates.resume()
  for _, text in ipairs(call("SMEMBERS", P .. "gt")) do
    local kind, subject = string.match(text, "^(%a+) (.*)$")
    gates.touchGate({kind = kind, subject = subject})
  end
  call("DEL", P .. "gt")
end

-- A lease of a queue with a limit has ended: one more may be had of it.
function gates.ringLimited(t)
  local limit = gates.limit("queue", t.queue)
  if limit and limit.concurrency and queues.row(t.queue).depth[READY + 1] > 0 then news.ring(t.queue, 1) end
end

-- Says when a queue that waits for its rate will hand out again.
function gates.announceQueue(q, now)
  local limit = gates.limit("queue", q.name)
  local at = limit and gates.opensAt(limit, now)
  if at and q.depth[READY + 1] > 0 then news.wake(at) end
end
`;
