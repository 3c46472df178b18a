import { Cluster } from "ioredis";
import type { Namespace } from "../../model/ids.ts";
import { StemProblem } from "../../model/problem.ts";
import { type Client, mastersOf } from "./connect.ts";
import { type Env, packEnv } from "./env.ts";
import { type Packable, pack, type Unpacked, unpack } from "./msgpack.ts";
import { faultOf, problemOf } from "./problems.ts";
import { homeOf, type Script, type ScriptRoom, scripts } from "./scripts/scripts.ts";
import { listOf, textOf } from "./unpacked.ts";

/** A verb that a script does, and what it needs. */
export type Verb = {
  readonly room: Exclude<ScriptRoom, "store">;
  readonly name: string;
  /** Needs room, so that a server without memory refuses it whole. */
  readonly grows?: boolean;
};

/** Runs scripts. What is asked first is done first, within a namespace. */
export type Runner = {
  /** A verb of a namespace. */
  ofSpace(namespace: Namespace, verb: Verb, args: Packable): Promise<Unpacked>;
  /** One that may bring the namespace into being, which is put on the list of all first. */
  making(namespace: Namespace, verb: Verb, args: Packable): Promise<Unpacked>;
  /** A verb that spans namespaces. */
  ofStore(name: string, args: Packable, grows?: boolean): Promise<Unpacked>;
  /** The names of all namespaces, in no order. */
  names(): Promise<readonly Namespace[]>;
  /** Takes a name off the list whose namespace is gone, unless it came into being anew meanwhile. */
  unlist(namespace: Namespace): Promise<void>;
  /** What every verb finds from here on. */
  setEnv(change: Partial<Env>): void;
};

export type RunnerOptions = {
  readonly client: Client;
  readonly prefix: string;
  readonly env: Env;
  /** Hears what a verb did besides its answer: what gates did, and which queues have tasks that were not ready before. */
  readonly onAnswer: (
    namespace: Namespace,
    told: { readonly news: Unpacked; readonly ready: Unpacked },
  ) => void;
};

/** Has every master know the scripts, so that they are called by their digests. */
export async function loadScripts(client: Client): Promise<void> {
  const texts = Object.values(scripts).flatMap(({ growing, frugal }) => [growing.text, frugal.text]);
  await Promise.all(mastersOf(client).flatMap((master) => texts.map((text) => master.script("LOAD", text))));
}

/** Makes the runner of a store. */
export function createRunner({ client, prefix, onAnswer, ...options }: RunnerOptions): Runner {
  const names = createNameList(client, prefix);
  const evaluate = createEvaluate(client);
  let env = options.env;
  let packed = packEnv(env);

  async function run(namespace: Namespace, verb: Verb, args: Packable, isListed: boolean): Promise<Unpacked> {
    const { answer, owes } = await runOne(namespace, verb, args, isListed);
    try {
      for (let left = owes; left; ) left = (await runOne(namespace, takeUp, false, false)).owes;
    } catch (error) {
      // What was asked is done, and what is left of it is stored with the next prune.
      if (!(error instanceof StemProblem)) throw error;
    }
    return answer;
  }

  async function runOne(namespace: Namespace, verb: Verb, args: Packable, isListed: boolean) {
    const { growing, frugal } = scripts[verb.room];
    const [answer = false, news = false, ready = false, owes] = await evaluate(
      verb.grows ? growing : frugal,
      [
        keyOfSpace(prefix, namespace),
        verb.name,
        pack(args),
        isListed ? packed.listed : packed.other,
        homeOf(verb.name),
      ],
    );
    if (news !== false || ready !== false) onAnswer(namespace, { news, ready });
    return { answer, owes: owes === true };
  }

  async function runListed(namespace: Namespace, verb: Verb, args: Packable): Promise<Unpacked> {
    const naming = names.add(namespace);
    // The name is written before what it names on the same connection, or waited for where that is another one.
    if (client instanceof Cluster) await naming;
    const [answer] = await Promise.all([run(namespace, verb, args, true), naming]);
    // Whoever deletes namespaces may have taken the name off the list in between.
    await names.add(namespace);
    return answer;
  }

  async function make(namespace: Namespace, verb: Verb, args: Packable): Promise<Unpacked> {
    if (!names.has(namespace)) return runListed(namespace, verb, args);
    const answer = await run(namespace, verb, args, false);
    return isUnlisted(answer) ? runListed(namespace, verb, args) : answer;
  }

  return {
    ofSpace: (namespace, verb, args) => run(namespace, verb, args, false),
    making: make,
    async ofStore(name, args, grows = false) {
      const script = grows ? scripts.store.growing : scripts.store.frugal;
      const [answer = false] = await evaluate(script, [`{${prefix}}:s`, name, pack(args), packed.other]);
      return answer;
    },
    names: names.all,
    unlist: names.remove,
    setEnv(change) {
      env = { ...env, ...change };
      packed = packEnv(env);
    },
  };
}

/** Goes on with what was too much for one script (scripts/ends.ts). */
const takeUp: Verb = { room: "life", name: "takeUp" };

const isUnlisted = (answer: Unpacked): boolean => Buffer.isBuffer(answer) && textOf(answer) === "unlisted";

/** The row of a namespace: all its keys begin like it. */
const keyOfSpace = (prefix: string, namespace: Namespace): string => `{${prefix}:${namespace}}:m`;

/** Calls scripts by their digests, and with their texts where they are not known. */
function createEvaluate(client: Client) {
  async function sent(script: string, command: string, args: readonly (string | Buffer)[]) {
    const answer = await client.callBuffer(command, [script, 1, ...args]);
    return listOf(unpack(answer as Buffer));
  }

  return async (script: Script, args: readonly (string | Buffer)[]): Promise<Unpacked[]> => {
    try {
      return await sent(script.sha, "EVALSHA", args);
    } catch (error) {
      if (faultOf(error) !== "unloaded") throw problemOf(error);
      return await orProblem(sent(script.text, "EVAL", args));
    }
  };
}

/** The list of all namespaces, and which of them we know to be on it. */
function createNameList(client: Client, prefix: string) {
  const key = `{${prefix}}:namespaces`;
  const known = new Set<Namespace>();

  return {
    has: (name: Namespace): boolean => known.has(name),
    all: async () => (await orProblem(client.smembers(key))) as Namespace[],
    async add(name: Namespace): Promise<void> {
      await orProblem(client.sadd(key, name));
      known.add(name);
    },
    async remove(name: Namespace): Promise<void> {
      known.delete(name);
      await orProblem(client.srem(key, name));
      if ((await orProblem(client.exists(keyOfSpace(prefix, name)))) > 0)
        await orProblem(client.sadd(key, name));
    },
  };
}

const orProblem = <T>(asked: Promise<T>): Promise<T> =>
  asked.catch((error: unknown) => {
    throw problemOf(error);
  });
