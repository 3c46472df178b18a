/** So many arguments at once fit on Lua's stack; even, so that pairs stay together. */
export const argumentsMax = 2000;

/**
 * What every script about a namespace begins with. KEYS[1] is the namespace's own row; all its other keys begin alike, with the same hash
 * tag. ARGV: the verb, what it is asked for, what the server that asks holds for all verbs, both packed, and the module that has the verb.
 * Modules share tables of functions, so that they may name each other whatever their order.
 */
export const base = `
local P = string.sub(KEYS[1], 1, -2)
local call = redis.call
local args, env = cmsgpack.unpack(ARGV[2]), cmsgpack.unpack(ARGV[3])
local modules, isLoaded, verbs = {}, {}, {}

local function load(module)
  if isLoaded[module] then return end
  isLoaded[module] = true
  modules[module]()
end

-- A table of functions that some modules make, each when one of its functions is first asked for: to make all takes longer than most verbs.
local function madeBy(...)
  local homes = {...}
  return setmetatable({}, {__index = function(names, name)
    for _, home in ipairs(homes) do
      load(home)
      local found = rawget(names, name)
      if found ~= nil then return found end
    end
  end})
end
local SCHEDULED, READY, LEASED, SUCCEEDED, FAILED, CANCELLED, EXPIRED = 0, 1, 2, 3, 4, 5, 6
local FARAWAY = 9007199254740991

-- Numbers in keys and members: all digits, so that texts sort as numbers do.
local function place(number) return string.format("%016.0f", number) end
-- A task's place in an index whose members begin with the order of acceptance.
local function member(t)
  if not t.member then t.member = place(t.seq) .. t.id end
  return t.member
end
local function idIn(text) return string.sub(text, 17) end

-- What policies say, by their text: that of storage/policy-text.ts.
local policies = {}
local function policyOf(text)
  local known = policies[text]
  if known then return known end
  local columns = cjson.decode(text)
  local function said(value) if value == nil or value == cjson.null then return false end return value end
  local more = said(columns[10]) or {}
  known = {
    retentionMs = columns[3], leaseMs = said(columns[4]), deadMs = said(columns[9]) or env.deadMs,
    timeLimitMs = said(more.timeLimitMs), expireMs = said(more.expireMs), startWithinMs = said(more.startWithinMs),
    unique = said(more.unique), keepNewest = said(more.keepNewest), member = said(more.member),
  }
  policies[text] = known
  return known
end

-- When a task that begins to wait now has waited too long, as model/deadline.ts says; false: never.
local function waitingUntil(policy, createdAt, state, now)
  if not policy.expireMs and not policy.startWithinMs then return false end
  local first = math.huge
  if policy.expireMs then first = createdAt + policy.expireMs end
  if policy.startWithinMs and state == READY then first = math.min(first, now + policy.startWithinMs) end
  return first == math.huge and FARAWAY or first
end

local ARGUMENTS = ${argumentsMax}

-- Runs a command over a long list of arguments in pieces.
local function inPieces(command, key, list)
  for from = 1, #list, ARGUMENTS do
    local to = math.min(from + ARGUMENTS - 1, #list)
    if key then call(command, key, unpack(list, from, to)) else call(command, unpack(list, from, to)) end
  end
end
`;

/** What every such script ends with: the verb, all that it owes, and its answer with the news that it made. */
export const ending = `
gates.now, gates.isTouched, ends.isOwing, news.owes, space.m, space.dirty, space.isThere = false, false, false, false, false, false, false
load(ARGV[4])
local answer = verbs[ARGV[1]](args)
if answer == "unlisted" then return cmsgpack.pack({"unlisted", false}) end
if ends.isOwing then ends.goOn() end
if gates.isTouched then gates.finish() end
if isLoaded.tasks then tasks.flush() end
if isLoaded.barriers then barriers.flush() end
if isLoaded.queues then queues.flush() end
space.flush()
return cmsgpack.pack({answer, news.told(), news.readyCounts(), news.owes})
`;
