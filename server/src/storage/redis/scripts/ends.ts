/**
 * What the end of a task or of a barrier means to others, as model/barrier.ts and model/continuation.ts say: the tasks that its links and
 * callbacks name, and in a canvas what follows. A place comes as {canvas, barrier, index, whether its success is no end of that member,
 * step, whether it stands in for a task whose first attempt has been told of}, a task's with what its success starts behind. What is to be
 * made is packed as task-args.ts says: {the end that it is for, task, acceptedAt, whether the start is fixed, expireAt, the policy around
 * that, what it is handed as, of a link whether its producer chose the id}. A part is {barriers, tasks}, and its tasks are packed by hundreds: a script stores so many of them at most,
 * and puts the others on a list (co) as they are, from which the server has them stored by further scripts before it answers; one that
 * dies leaves them to the next that prunes. They are as good as stored: their barrier counts on them. Those whose barrier has ended
 * meanwhile have failed where they stand.
 */
export const endsModule = `
local OPEN, ATTEMPTED = 0, "attempted"

-- So many tasks of parts are stored by one script, give or take what is packed together.
local room = 500

-- What others have not been told; it is taken in before the verb is over.
local owed = {}

local function owe(one)
  ends.isOwing = true
  owed[#owed + 1] = one
end

local function inputOf(left, hands)
  return {left.from, left.name, left.rootId, left.on, hands and true or false, hands and hands[1] or false, left.reason,
    left.attempt, left.isBarrier}
end

-- The task that is made now. What was counted from the other one's acceptance is counted from now; what is an instant stays one.
-- from: parentId, rootId, and what is left to it, without which it is handed nothing; grown: the barrier whose further members are
-- meant, and from which index on.
local function madeAt(link, from, now)
  local task, acceptedAt, isStartFixed, expireAt, expiring = link[2], link[3], link[4], link[5], link[6]
  local function later(at) return at and now + at - acceptedAt end
  local made = {}
  for i, value in ipairs(task) do made[i] = value end
  if expireAt then
    local expireMs = math.max(0, expireAt - now)
    made[5] = expiring[1] .. string.format("%.0f", expireMs) .. expiring[2]
    made[24] = {expiring[1], expiring[2], expireMs}
  end
  local start = isStartFixed and task[6] or later(task[6])
  made[6] = start and start > now and start or false
  made[14], made[15] = from.parentId, from.rootId
  if task[18] then
    local u = task[18]
    made[18] = {u[1], u[2], later(u[3]), later(u[4])}
  end
  local grown, at = from.grown, task[25]
  if grown and at and at[2] == grown[1] then made[25] = {at[1], at[2], at[3] + grown[2], at[4], at[5], at[6], at[7]} end
  local left, hands = from.left, link[7] and not from.isBare and link[7]
  if not left then return made end
  local data = hands and left.data or false
  made[21], made[22] = inputOf(left, hands), data
  made[23] = task[23] + (data and #data or 0)
  return made
end

-- Those that are for an end.
local function madeFor(links, on, from, now, into)
  for _, link in ipairs(links) do
    if link[1] == on then into[#into + 1] = madeAt(link, from, now) end
  end
end

-- Why a task did not succeed, or did, and starts nothing because somebody wanted no more of it.
local function causeOf(t, left, on, isLast)
  if on == ATTEMPTED or on == SUCCEEDED and not isLast then return false end
  if on == SUCCEEDED then return cmsgpack.pack({CANCELLED, 11, t.id, t.name, left.attempt, false}) end
  return cmsgpack.pack({on, left.reason, t.id, t.name, left.attempt, left.data})
end

-- Notes what the end of a task means, which has been written.
function ends.ofTask(t, change, now)
  local on, isLast, raw = change.continues[1], change.continues[3], tasks.got(t, "made")
  if not raw and not t.place then return end
  local data = false
  if on == SUCCEEDED then data = change.continues[2] or tasks.got(t, "result") or false
  else data = tasks.got(t, "failure") or false end
  local isLinked, rootId, besides = on == SUCCEEDED or on == FAILED, t.rootId or t.id, {}
  local left = {
    from = t.id, name = t.name, rootId = rootId, on = isLinked and on or FAILED, data = data, reason = change.reason or 0,
    attempt = change.attempt, isBarrier = false,
  }
  local from = {parentId = t.id, rootId = rootId, left = left}
  if raw and isLinked and not isLast then madeFor(cmsgpack.unpack(raw), on, from, now, besides) end
  owe({
    place = t.place, next = t.place and t.place[7], on = on, isLast = isLast, isTask = true, id = t.id, from = from,
    cause = t.place and causeOf(t, left, on, isLast), besides = besides, now = now,
  })
end

-- Notes that a task of a canvas could not be made: its id or its key is another's. That member has an id that no task can have
-- (model/canvas-records.ts).
function ends.notMade(a, now)
  if not a[25] then return end
  owe({
    place = a[25], next = false, on = FAILED, isLast = true, isTask = true, id = "not made " .. a[1],
    from = {left = {attempt = 0}},
    cause = cmsgpack.pack({FAILED, "not_made", a[1], a[2], 0, false}), besides = {}, now = now,
  })
end

-- What a barrier leaves: the results of its members, which are read when somebody wants them.
local function leftBy(b)
  return {from = b.id, name = "", rootId = b.rootId, on = SUCCEEDED, data = false, reason = 0, attempt = 0, isBarrier = true}
end

-- What made it fail, for its error callbacks.
local function failureLeft(b)
  local raw = barriers.cause(b)
  local cause = raw and cmsgpack.unpack(raw)
  if not cause or not cause[3] then return false end
  return {
    from = cause[3], name = cause[4] or "", rootId = b.rootId, on = FAILED, data = cause[6],
    reason = type(cause[2]) == "number" and cause[2] or 0, attempt = cause[5], isBarrier = false,
  }
end

-- The tasks that are made for an end of a barrier.
local function callBack(b, on, now, into)
  if not b.hasCallbacks then return end
  local left = on == "failed" and failureLeft(b) or leftBy(b)
  local from = {parentId = b.parentId, rootId = b.rootId, left = left, isBare = on == ATTEMPTED}
  madeFor(cmsgpack.unpack(barriers.got(b, "made")), on, from, now, into)
end

-- Notes what the end of a barrier means, which has been written. Callbacks for first attempts are among it, where it was not the end of
-- one that completed them: it has no members, or was sealed last. What was made before is not made again.
function ends.ofBarrier(b, now)
  local besides = {}
  if b.state ~= CANCELLED then
    callBack(b, b.state == SUCCEEDED and "succeeded" or "failed", now, besides)
    callBack(b, "completed", now, besides)
    if barriers.isAttempted(b) then callBack(b, ATTEMPTED, now, besides) end
  end
  owe({
    place = b.place, next = b.next, on = b.state, isLast = false, isTask = false, id = b.id,
    from = {parentId = b.parentId, rootId = b.rootId, left = leftBy(b)},
    cause = b.state ~= SUCCEEDED and barriers.cause(b), besides = besides, now = now,
  })
end

-- Notes that a barrier goes on which was sealed after each member had been tried.
function ends.ofTried(b, now)
  local besides = {}
  callBack(b, ATTEMPTED, now, besides)
  owe({
    place = false, next = false, on = ATTEMPTED, isLast = false, isTask = false, id = b.id,
    from = {parentId = b.parentId, rootId = b.rootId, left = leftBy(b)}, cause = false, besides = besides, now = now,
  })
end

-- Notes what a settlement adds to the canvas of its task: {replacement, members, parts}.
function ends.grow(t, growth, now)
  if t.place then owe({growth = growth, place = t.place, parentId = t.id, rootId = t.rootId or t.id, now = now}) end
end

-- The tasks of a part that are packed together.
function ends.made(packed, from, now)
  local made, ids = {}, {}
  for i, link in ipairs(cmsgpack.unpack(packed)) do
    made[i] = madeAt(link, from, now)
    ids[i] = made[i][1]
  end
  tasks.fetch(ids)
  return made
end

-- Stores a task that was promised: no quota, bound or closed queue is in its way. False: it was not made.
function ends.takeInTask(a, now)
  local verdict = accept.one(a, now, queues.promised)
  accept.cancelIfRevoked(a[1], now)
  local t = tasks.find(a[1])
  if t and t.state == READY then news.ring(t.queue, 1) end
  if t and t.notBefore then news.due(t.notBefore) end
  local isStored = accept.isStored(verdict)
  if not isStored then ends.notMade(a, now) end
  return isStored
end

-- Starts a part; answers those of its barriers that have ended by that.
function ends.start(part, from, now)
  local over = {}
  for _, spec in ipairs(part[1]) do
    local b = barriers.open(spec, from, now, false)
    if b.state ~= OPEN then over[#over + 1] = b end
  end
  -- Only barriers ask for it.
  from.ended = nil
  for _, packed in ipairs(part[2]) do
    if room > 0 then
      local made = ends.made(packed, from, now)
      room = room - #made
      for _, a in ipairs(made) do ends.takeInTask(a, now) end
    else
      call("RPUSH", P .. "co", cmsgpack.pack({packed, from, now}))
      news.owes = true
    end
  end
  return over
end

-- Stores what an earlier script has left.
function verbs.takeUp()
  local raw = call("LPOP", P .. "co")
  while raw do
    local packed, from, now = unpack(cmsgpack.unpack(raw))
    local made = ends.made(packed, from, now)
    gates.now, room = now, room - #made
    for _, a in ipairs(made) do
      local b = barriers.find(a[25][2])
      if b and b.state == OPEN then ends.takeInTask(a, now) elseif b then ends.notMade(a, now) end
    end
    raw = room > 0 and call("LPOP", P .. "co")
  end
  ends.look()
  return true
end

-- Whether anything is left, so that the server has it stored.
function ends.look() news.owes = call("EXISTS", P .. "co") == 1 end

function ends.ofAll(list, now) for _, b in ipairs(list) do ends.ofBarrier(b, now) end end

local function grow(each)
  local b, growth, now = barriers.find(each.place[2]), each.growth, each.now
  if not b or b.state ~= OPEN then return end
  local from = {canvas = b.canvas, parentId = each.parentId, rootId = each.rootId, left = false}
  barriers.keepParts(b.canvas, growth[3], {b.id, b.size})
  if growth[1] then ends.ofAll(ends.start(growth[1], from, now), now) end
  if not growth[2] then return end
  from.grown = {b.id, b.size}
  ends.ofAll(ends.start(growth[2], from, now), now)
  barriers.grow(b, growth[2][3][b.id] or 0, b.isSealed, now)
end

-- As what a member has ended; false: it goes on, or another does as that member.
local function memberState(e)
  if e.on == ATTEMPTED then return false end
  -- What it would have started does not come, and cannot be that member.
  if e.on == SUCCEEDED and e.place[4] then return e.isLast and CANCELLED end
  return e.on
end

-- Counts an end in the barrier that it is under; answers whether that has ended by it.
local function count(e, b, made)
  local isOver, isAttempted, state = false, false, memberState(e)
  if e.on == ATTEMPTED then isAttempted = barriers.countAttempt(b) end
  if state and barriers.keep(b, e.place[3], {state, e.isTask, e.id}) then
    local isAgain = e.isTask and not e.place[5] and e.from.left.attempt > 1
    isAttempted = not (isAgain or e.place[6]) and barriers.countAttempt(b)
    isOver = barriers.count(b, state, e.cause, e.now)
  end
  if isAttempted then callBack(b, ATTEMPTED, e.now, made) end
  return isOver
end

local function takeIn(e)
  local b, now = e.place and barriers.find(e.place[2]), e.now
  local called, fresh, isOver = {}, {}, false
  if b then
    local part = e.next and e.on == SUCCEEDED and not e.isLast and b.state == OPEN and barriers.part(b.canvas, e.next)
    if part then
      e.from.canvas, e.from.grown = b.canvas, part[4]
      fresh = ends.start(part[2], e.from, now)
    end
    isOver = count(e, b, called)
  end
  for _, a in ipairs(called) do ends.takeInTask(a, now) end
  for _, a in ipairs(e.besides) do ends.takeInTask(a, now) end
  if isOver then ends.ofBarrier(b, now) end
  ends.ofAll(fresh, now)
end

-- Takes in what ends have made, and what that ends, until nothing more does.
function ends.goOn()
  local at = 1
  while owed[at] do
    if owed[at].growth then grow(owed[at]) else takeIn(owed[at]) end
    at = at + 1
  end
end
`;
