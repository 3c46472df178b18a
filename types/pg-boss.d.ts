// What the benchmarks use of pg-boss. Its own declarations name a type that they do not export, and we check our libraries'.

export class PgBoss {
  constructor(options: {
    readonly connectionString: string;
    readonly supervise: boolean;
    readonly schedule: boolean;
  });
  start(): Promise<this>;
  stop(options: { readonly graceful: boolean }): Promise<void>;
  createQueue(name: string): Promise<void>;
  insert(name: string, jobs: readonly { readonly data: object }[]): Promise<string[] | null>;
  fetch(name: string, options: { readonly batchSize: number }): Promise<readonly { readonly id: string }[]>;
  complete(name: string, ids: readonly string[]): Promise<unknown>;
}
