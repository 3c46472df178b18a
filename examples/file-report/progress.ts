import { Presets, SingleBar } from "cli-progress";

/** Shows how far a number of things has come. */
export type Progress = { readonly tick: () => void; readonly end: () => void };

/** A bar on a terminal, a line at every twentieth part elsewhere. */
export function createProgress(total: number, out: NodeJS.WriteStream = process.stdout): Progress {
  return out.isTTY ? bar(total, out) : lines(total, out);
}

function bar(total: number, stream: NodeJS.WriteStream): Progress {
  const format = "{bar} {percentage} % | {value} of {total} files | {eta_formatted} to go";
  const shown = new SingleBar({ format, stream, hideCursor: true }, Presets.shades_classic);
  shown.start(total, 0);
  return { tick: () => shown.increment(), end: () => shown.stop() };
}

function lines(total: number, out: NodeJS.WritableStream): Progress {
  let done = 0;
  let shown = 0;
  const tick = (): void => {
    done += 1;
    if (part(done, total) === shown) return;
    shown = part(done, total);
    out.write(`${done} of ${total} files\n`);
  };
  return { tick, end: () => undefined };
}

const part = (done: number, total: number): number => Math.floor((done * 20) / total);
