/** Leases extended and settled, changes applied, checkpoints kept: whatever has a guard that is a fence or a revision. */
export const leaseModule = `
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

-- changes, and settlements {id, epoch, fence, outcome, ifCancelRequested, hash, now}, whose changes are numbers of those.
function verbs.settle(asked)
  local decided, list, verdicts = {}, asked[2], {}
  for i, columns in ipairs(asked[1]) do decided[i] = changes.of(columns) end
  if #list > 0 then gates.now = list[1][7] end
  fetchAll(list, 1)
  for i, item in ipairs(list) do
    local t = tasks.find(item[1])
    if t and t.epoch == item[2] and t.fence == item[3] and t.settled == item[6] then
      verdicts[i] = {"duplicate", t.state}
    else
      local lost = lease.lost(t, item[2], item[3])
      if lost then verdicts[i] = {"lost", lost[1], lost[2]} else
        changes.write(t, decided[t.cancel and item[5] or item[4]], item[7], true)
        t.settled = item[6]
        verdicts[i] = {"applied", t.state}
      end
    end
  end
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
