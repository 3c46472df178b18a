import {
  calmFields,
  calmForm,
  flags,
  hotFields,
  hotForm,
  restFields,
  seqDigits,
  textsForm,
} from "./task-fields.ts";

const headFields = [...hotFields, ...calmFields];
/** Numbers that may not be there. */
const optional = new Set<string>(["epoch", "fence", "settled", "timer", "endedAt", "startedAt"]);

// Written out, because a loop over the fields would take a third of a claim.
const opened = [
  ...headFields
    .filter((name) => name !== "leaseMs")
    .map((name) => `${name} = ${optional.has(name) ? `${name} >= 0 and ${name}` : name}`),
  ...restFields.map((name, at) => `${name} = c[${at + 1}] or false`),
].join(", ");
const closed = (name: string): string => {
  if (name === "leaseMs") return "policyOf(t.policy).leaseMs or -1";
  return optional.has(name) ? `t.${name} or -1` : `t.${name}`;
};
const head = headFields.map(closed).join(", ");
const rest = restFields.map((name) => `t.${name}`).join(", ");

/** How rows of tasks are opened and closed (task-fields.ts). */
export const rowsModule = `
function rows.open(raw)
  local flags, ${headFields.join(", ")}, workerLength, from = struct.unpack("${hotForm}${calmForm}", raw)
  local member, queue, policy, hash, at = struct.unpack("${textsForm}", raw, from)
  local c = cmsgpack.unpack(string.sub(raw, at, -1 - workerLength))
  return {
    member = member, seq = tonumber(string.sub(member, 1, ${seqDigits})), id = idIn(member), queue = queue, policy = policy, hash = hash,
    more = flags >= ${flags.more}, worker = fence >= 0 and string.sub(raw, #raw - workerLength + 1), ${opened},
  }
end

-- Whether something besides its queue has a say in it.
local function isTied(t)
  local isInLine = t.held ~= 0 or t.orderKey or t.limitKey or t.named or t.place
  return isInLine or t.cancel or t.waitUntil or t.claimKey or t.shelved or t.said
end

function rows.close(t)
  local flags, worker, m = (isTied(t) and ${flags.tied} or 0) + (t.more and ${flags.more} or 0), t.worker or "", member(t)
  return struct.pack("${hotForm}${calmForm}", flags, ${head}, #worker)
    .. struct.pack("${textsForm}", #m, m, #t.queue, t.queue, #t.policy, t.policy, #t.hash, t.hash)
    .. cmsgpack.pack({${rest}}) .. worker
end
`;
