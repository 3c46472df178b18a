import { expect, test } from "vitest";
import { importGraph } from "./imports.ts";
import { expectNone, isTestFile, lookedAt } from "./source-files.ts";

/** The rings of the server, innermost first: an import goes to the same ring's own room or inwards (ARCHITECTURE.md). */
const rings: readonly (readonly string[])[] = [
  ["lib"],
  ["model"],
  ["ports"],
  [
    "auth",
    "backend",
    "beat",
    "broker",
    "canvas",
    "control",
    "locks",
    "namespaces",
    "queue-events",
    "routing",
    "upkeep",
    "workflow",
  ],
  ["api", "config", "storage", "telemetry"],
];

/** What one middle room may ask of another. */
const allowedBetweenRooms: Readonly<Record<string, readonly string[]>> = {
  broker: ["routing"],
  beat: ["broker"],
  canvas: ["broker", "backend"],
  workflow: ["broker", "backend"],
  control: ["broker"],
  upkeep: ["broker", "backend", "canvas", "beat", "workflow", "control", "namespaces"],
};

/** Rooms without a single door: vocabulary, of which everybody takes the word needed. */
const openRooms = new Set(["lib", "model", "ports"]);

/** The door of a room is the file named as the room, but for these. */
const otherDoors: Readonly<Record<string, string>> = { storage: "open.ts" };

/** Storage drivers share these folders of storage/, and otherwise know nothing of each other. */
const sharedByDrivers = new Set(["sql"]);

/** A place in the server: `room` is undefined for the composition root, the files directly in src/. */
function placeOf(file: string): { room: string | undefined; rest: string } {
  const inside = file.slice("server/src/".length);
  const slash = inside.indexOf("/");
  return slash < 0
    ? { room: undefined, rest: inside }
    : { room: inside.slice(0, slash), rest: inside.slice(slash + 1) };
}

function ringOf(room: string): number {
  return rings.findIndex((ring) => ring.includes(room));
}

/** What is wrong with an import inside the server, if anything is. */
function serverFault(file: string, target: string): string | undefined {
  const from = placeOf(file);
  const to = placeOf(target);
  if (from.room === undefined) return doorFault(to);
  if (to.room === undefined) return "only main.ts knows every room; nobody imports it";
  if (from.room === to.room) return from.room === "storage" ? driverFault(from.rest, to.rest) : undefined;
  if (ringOf(to.room) < 0) return `room ${to.room} has no ring: add it to test/house/import-law.test.ts`;
  const outwards = ringOf(to.room) - ringOf(from.room);
  if (outwards > 0) return `${from.room} is further in than ${to.room}: take a port instead`;
  if (outwards === 0 && !allowedBetweenRooms[from.room]?.includes(to.room)) {
    return `${from.room} does not know ${to.room}: let main.ts hand it over`;
  }
  return doorFault(to);
}

function doorFault({ room, rest }: { room: string | undefined; rest: string }): string | undefined {
  if (room === undefined || openRooms.has(room)) return undefined;
  const door = otherDoors[room] ?? `${room}.ts`;
  return rest === door || rest === `${room}.ts`
    ? undefined
    : `room ${room} is entered by ${room}/${door} only`;
}

function driverFault(from: string, to: string): string | undefined {
  const [driver, other] = [from, to].map((rest) =>
    rest.includes("/") ? rest.slice(0, rest.indexOf("/")) : undefined,
  );
  if (driver === undefined || other === undefined || driver === other) return undefined;
  return sharedByDrivers.has(other) ? undefined : `driver ${driver} does not know driver ${other}`;
}

/** All that is wrong with where one file's imports go. */
function faultsOf(file: string, targets: readonly string[]): string[] {
  return targets.flatMap((target) => {
    const fault = target.startsWith("server/src/") ? serverFault(file, target) : undefined;
    return fault === undefined ? [] : [`${file} imports ${target}: ${fault}`];
  });
}

test("imports go inwards and through doors", () => {
  // A unit test may set its subject up with a neighbour's code: the law is for what is shipped.
  const shipped = importGraph().filter(({ file }) => file.startsWith("server/src/") && !isTestFile(file));
  lookedAt("import law", shipped.length, 80);
  expectNone(shipped.flatMap(({ file, targets }) => faultsOf(file, targets)));
});

test.each([
  ["model/task.ts", "lib/a.ts", true],
  ["model/task.ts", "ports/clock.ts", false],
  ["broker/claim.ts", "routing/routing.ts", true],
  ["broker/claim.ts", "routing/match.ts", false],
  ["backend/await.ts", "broker/broker.ts", false],
  ["api/call.ts", "storage/open.ts", false],
  ["main.ts", "storage/open.ts", true],
  ["main.ts", "storage/sqlite/claim.ts", false],
  ["storage/open.ts", "storage/sqlite/claim.ts", true],
  ["storage/sqlite/claim.ts", "storage/memory/claim.ts", false],
  ["storage/sqlite/claim.ts", "storage/sql/rows.ts", true],
])("%s may import %s: %s", (file, target, legal) => {
  expect(faultsOf(`server/src/${file}`, [`server/src/${target}`])).toHaveLength(legal ? 0 : 1);
});
