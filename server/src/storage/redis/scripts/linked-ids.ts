/**
 * Ids of the tasks that links make (model/continuation.ts). The server says them with a new task; only what is written over a task that
 * waits comes with the ids of a task that it does not become, so that a script has to count SHA-256 itself. That takes it some tenths of a
 * millisecond.
 */
export const linkedIdsModule = `
local band, bnot, bxor, ror, rshift, tobit = bit.band, bit.bnot, bit.bxor, bit.ror, bit.rshift, bit.tobit
local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
local WORDS = {[SUCCEEDED] = "succeeded", [FAILED] = "failed"}
local NAMESPACE = string.match(P, ":([^:]*)}:$")

-- The first 32 bits of the fractions of the first primes' roots.
local starts, rounds = {}, {}
local prime = 2
while #rounds < 64 do
  local isPrime = true
  for i = 2, prime - 1 do isPrime = isPrime and prime % i > 0 end
  if isPrime then
    if #starts < 8 then starts[#starts + 1] = tobit(math.floor(math.sqrt(prime) % 1 * 2 ^ 32)) end
    rounds[#rounds + 1] = tobit(math.floor(prime ^ (1 / 3) % 1 * 2 ^ 32))
  end
  prime = prime + 1
end

local function addBlock(sums, text, from)
  local w = {struct.unpack(">i4i4i4i4i4i4i4i4i4i4i4i4i4i4i4i4", text, from)}
  for i = 17, 64 do
    local x, y = w[i - 15], w[i - 2]
    local low, high = bxor(ror(x, 7), ror(x, 18), rshift(x, 3)), bxor(ror(y, 17), ror(y, 19), rshift(y, 10))
    w[i] = tobit(w[i - 16] + low + w[i - 7] + high)
  end
  local a, b, c, d, e, f, g, h = unpack(sums)
  for i = 1, 64 do
    local one = h + bxor(ror(e, 6), ror(e, 11), ror(e, 25)) + bxor(band(e, f), band(bnot(e), g)) + rounds[i] + w[i]
    local two = bxor(ror(a, 2), ror(a, 13), ror(a, 22)) + bxor(band(a, b), band(a, c), band(b, c))
    a, b, c, d, e, f, g, h = tobit(one + two), a, b, c, tobit(d + one), e, f, g
  end
  for i, sum in ipairs({a, b, c, d, e, f, g, h}) do sums[i] = tobit(sums[i] + sum) end
end

local function sha256(text)
  local sums = {unpack(starts)}
  local filled = text .. string.char(128) .. string.rep(string.char(0), (55 - #text) % 64) .. struct.pack(">I8", #text * 8)
  for from = 1, #filled, 64 do addBlock(sums, filled, from) end
  return struct.pack(">i4i4i4i4i4i4i4i4", unpack(sums))
end

local function base64(bytes)
  local letters = {}
  for from = 1, #bytes, 3 do
    local a, b, c = string.byte(bytes, from, from + 2)
    local number = a * 65536 + (b or 0) * 256 + (c or 0)
    for i = 3, 0, -1 do
      local at = math.floor(number / 64 ^ i) % 64 + 1
      letters[#letters + 1] = string.sub(ALPHABET, at, at)
    end
  end
  return table.concat(letters, "", 1, math.ceil(#bytes * 4 / 3))
end

-- As lib/digest.ts.
local function digestOf(parts)
  local text = ""
  for _, part in ipairs(parts) do text = text .. struct.pack(">I4", #part) .. part end
  return base64(sha256(text))
end

-- What links make (scripts/ends.ts), packed, with the ids that it has as the links of another task, and so what is linked to it.
function linkedIds.under(packed, parentId)
  local links, places = cmsgpack.unpack(packed), {}
  for _, link in ipairs(links) do
    local on, task, isChosen = link[1], link[2], link[8]
    local place = places[on] or 0
    places[on] = place + 1
    if not isChosen then
      task[1] = digestOf({"link", NAMESPACE, parentId, WORDS[on], string.format("%.0f", place)})
      task[20] = task[20] and linkedIds.under(task[20], task[1])
    end
  end
  return cmsgpack.pack(links)
end
`;
