// Run before `npm test`: finds the programs that some tests need, installs what it may, and says what is missing.
// Installing with apt changes the machine, so it is done only in CI or when STEM_TEST_APT=1 asks for it.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { grpcurlFolder, grpcurlModule, hasGo, tools } from "./external-tools.ts";

const missing = Object.values(tools).filter((tool) => tool.find() === undefined);
const packages = missing.flatMap((tool) => tool.debianPackages);
if (packages.length > 0 && mayUseApt()) installPackages(packages);
if (tools.grpcurl.find() === undefined && hasGo()) buildGrpcurl();

for (const [name, tool] of Object.entries(tools)) {
  if (tool.find() === undefined)
    console.error(`stem: tests that need ${name} are LEFT OUT; to add them: ${tool.howToAdd}`);
}

function mayUseApt(): boolean {
  const wanted = Boolean(process.env["CI"]) || process.env["STEM_TEST_APT"] === "1";
  return wanted && process.getuid?.() === 0 && existsSync("/usr/bin/apt-get");
}

function installPackages(names: readonly string[]): void {
  console.error(`stem: installing for tests: ${names.join(" ")}`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  run("apt-get", ["update", "-qq"], env);
  run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...names], env);
}

function buildGrpcurl(): void {
  console.error("stem: building grpcurl for tests, once (about a minute)");
  run("go", ["install", grpcurlModule], { ...process.env, GOBIN: grpcurlFolder });
}

/** A failure is only said here: the tests that miss the tool decide whether it is one for the whole run. */
function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv): void {
  const { status } = spawnSync(command, args, { env, stdio: ["ignore", "ignore", "inherit"] });
  if (status !== 0) console.error(`stem: ${command} ${args.join(" ")} ended with ${status ?? "a signal"}`);
}
