import { flags, headBytes, hotBytes, hotForm } from "./task-fields.ts";

/** Leases extended and settled, changes applied, checkpoints kept: whatever has a guard that is a fence or a revision. */
export const leaseModule = `
local HOT, READ = "${hotForm}", "${hotForm}I4"

-- Why a lease can no longer be settled or extended: the task's state and the reason; false while it can. The clock has no say in it.
function lease.lost(t, epoch, fence)
  if not t then return {false, "task_unknown"} end
  if t.epoch ~= epoch or t.fence ~= fence then return {t.state, "superseded"} end
  if t.settled then return {t.state, "settled"} end
  if t.state == LEASED or t.state == READY then return false end
  return {t.state, t.state == CANCELLED and "cancelled" or "settled"}
end

local function fetchAll(list, at)
  local ids = {}
  for i, item in ipairs(list) do ids[i] = item[at] end
  tasks.fetch(ids)
end
lease.fetch = fetchAll

-- leases {id, epoch, fence}, now, leaseMs, defaultLeaseMs, graceMs
function verbs.extend(asked)
  local list, now, leaseMs, defaultMs, graceMs = asked[1], asked[2], asked[3], asked[4], asked[5]
  gates.now = now
  fetchAll(list, 1)
  local checks = {}
  for i, item in ipairs(list) do
    local t = tasks.find(item[1])
    local lost = lease.lost(t, item[2], item[3])
    if lost then checks[i] = lost else
      local policy = policyOf(t.policy)
      local length = (leaseMs or policy.leaseMs or defaultMs) + graceMs
      if policy.timeLimitMs and t.startedAt then
        length = math.min(length, t.startedAt + policy.timeLimitMs + env.timeLimitGraceMs - now)
      end
      local untilAt = now + length
      -- Only whoever names a length may shorten: a heartbeat leaves a longer extension as it is.
      if not leaseMs and t.state == LEASED and t.timer > untilAt then untilAt = t.timer end
      if t.state == LEASED then
        t.timer, t.reason = untilAt, 0
        call("ZADD", P .. "l", untilAt, member(t))
        tasks.change(t)
        gates.touch(t)
      else
        tasks.replace(t, function() t.state, t.reason, t.timer = LEASED, 0, untilAt end)
      end
      checks[i] = {true, t.cancel and {t.cancel[2], t.cancel[3]}}
    end
  end
  return checks
end

-- Whether a change is a success that means nothing beyond its task.
local function isPlain(change)
  return change.state == SUCCEEDED and change.delta == 0 and change.endedAt and change.purgeAt and not (
    change.notBefore or change.failure or change.cancel or change.policy or change.checkpoint or change.waitUntil
    or change.claimUntil or change.keepNewest or change.continues or change.grows)
end

-- Ends leased tasks well whose rows nobody has opened: their heads are others, the rest is not read.
local function createSucceeding()
  local read, make, sub, unopened, patch = struct.unpack, struct.pack, string.sub, tasks.unopened, tasks.patch
  local m, left, entered, count, facts = space.row(), {}, {}, 0, false
  local queue, depth, isLimited, change, now
  local succeeding = {}
  -- What neighbours mostly share.
  local function turnTo(itsQueue, itsChange, itsNow)
    if itsQueue ~= queue then
      queue, depth = itsQueue, queues.change(queues.row(itsQueue)).depth
      isLimited = gates.limit("queue", itsQueue) and true or false
    end
    change, now = itsChange, itsNow
    facts = space.factsLike(change.event, change.reason, queue, now, false)
  end
  -- Writes what stands in indexes of those that have ended so far.
  function succeeding.flush()
    if count > 0 then
      space.change()
      space.counted(count)
      inPieces("ZREM", P .. "l", left)
      inPieces("ZADD", P .. "e", entered)
    end
    left, entered, count, facts = {}, {}, 0, false
  end
  -- False: there is more to it.
  function succeeding.one(id, key, epoch, fence, itsChange, hash, itsNow)
    local raw = unopened(id)
    if not raw then return false end
    local flags, state, _, revision, _, deliveries, itsEpoch, itsFence, settled, _, _, bytes = read(READ, raw)
    if flags % 2 == ${flags.tied} or state ~= LEASED or itsEpoch ~= epoch or itsFence ~= fence or settled >= 0 then return false end
    local member, itsQueue = read("<Hc0Hc0", raw, ${headBytes + 1})
    if not facts or itsQueue ~= queue or itsChange ~= change or itsNow ~= now then turnTo(itsQueue, itsChange, itsNow) end
    -- Somebody may wait for its place there.
    if isLimited then return false end
    if change.result then
      call("HSET", P .. "x:" .. id, "result", change.result)
      flags = ${flags.more}
    end
    local attempt, n = change.attempt, #facts
    local head = make(HOT, flags, SUCCEEDED, change.reason, revision + 1, attempt, deliveries, epoch, fence, hash, change.purgeAt,
      change.endedAt)
    patch(id, key, head .. sub(raw, ${hotBytes + 1}))
    facts[n + 1], facts[n + 2], facts[n + 3] = id, revision + 1, attempt
    left[count + 1], entered[count * 2 + 1], entered[count * 2 + 2] = member, change.purgeText, member
    depth[LEASED + 1], depth[SUCCEEDED + 1] = depth[LEASED + 1] - 1, depth[SUCCEEDED + 1] + 1
    m.tasks, m.bytes, count = m.tasks - 1, m.bytes - bytes, count + 1
    return true
  end
  return succeeding
end

local function settleOne(id, epoch, fence, change, ifCancelled, hash, now)
  local t = tasks.find(id)
  if t and t.epoch == epoch and t.fence == fence and t.settled == hash then return {"duplicate", t.state} end
  local lost = lease.lost(t, epoch, fence)
  if lost then return {"lost", lost[1], lost[2]} end
  changes.write(t, t.cancel and ifCancelled or change, now, true)
  t.settled = hash
  return t.state
end

-- changes, and seven of each settlement in one list: id, epoch, fence, outcome, ifCancelRequested, hash, now, where changes are numbers of
-- those. A number is answered where it was applied: the state.
function verbs.settle(asked)
  local decided, list, verdicts, ids, succeeding = {}, asked[2], {}, {}, createSucceeding()
  local succeed, flush = succeeding.one, succeeding.flush
  for i, columns in ipairs(asked[1]) do
    decided[i] = changes.of(columns)
    decided[i].isPlain = isPlain(decided[i])
    decided[i].purgeText = decided[i].isPlain and string.format("%.17g", decided[i].purgeAt)
  end
  if #list > 0 then gates.now = list[7] end
  for i = 1, #list, 7 do ids[#ids + 1] = list[i] end
  local keys = tasks.fetch(ids)
  for i, id in ipairs(ids) do
    local at = i * 7 - 6
    local epoch, fence, change, hash, now = list[at + 1], list[at + 2], decided[list[at + 3]], list[at + 5], list[at + 6]
    if change.isPlain and succeed(id, keys[i], epoch, fence, change, hash, now) then verdicts[i] = SUCCEEDED
    else
      -- It may have been among those.
      flush()
      verdicts[i] = settleOne(id, epoch, fence, change, decided[list[at + 4]], hash, now)
    end
  end
  flush()
  return verdicts
end

-- {id, revision, leaseUntilBefore, now, change}
function verbs.apply(asked)
  local verdicts = {}
  if #asked > 0 then gates.now = asked[1][4] end
  fetchAll(asked, 1)
  for i, item in ipairs(asked) do
    local t, before = tasks.find(item[1]), item[3]
    local holds = t and t.revision == item[2] and (not before or t.state == LEASED and t.timer < before)
    if holds then changes.write(t, changes.of(item[5]), item[4], false) end
    verdicts[i] = holds and true or false
  end
  return verdicts
end

-- {id, epoch, fence, data}
function verbs.saveCheckpoints(asked)
  local verdicts = {}
  fetchAll(asked, 1)
  for i, item in ipairs(asked) do
    local t = tasks.find(item[1])
    local lost = lease.lost(t, item[2], item[3])
    if not lost then changes.checkpoint(t, item[4]) end
    verdicts[i] = lost and lost[2] or "saved"
  end
  return verdicts
end

-- {id, end of the lease for one without a length of its own}: leases that go on after all servers were away.
function verbs.renew(asked)
  local ids, now, leaseMs, graceMs = asked[1], asked[2], asked[3], asked[4]
  tasks.fetch(ids)
  for _, id in ipairs(ids) do
    local t = tasks.find(id)
    local untilAt = t and now + (policyOf(t.policy).leaseMs or leaseMs) + graceMs
    if t and t.state == LEASED and t.timer < untilAt then
      t.timer = untilAt
      call("ZADD", P .. "l", untilAt, member(t))
      tasks.change(t)
    end
  end
  return true
end

function verbs.leased()
  local ids = {}
  for i, text in ipairs(call("ZRANGE", P .. "l", 0, -1)) do ids[i] = idIn(text) end
  return ids
end
`;
