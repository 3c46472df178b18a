/**
 * The answers to `items`, in their order, with up to `inFlightMax` of them under way at once: the next item is read while earlier
 * ones are worked on, and no further. Ends after the last answer; an item whose work throws ends it there.
 */
export async function* pipeline<I, O>(
  items: AsyncIterable<I>,
  work: (item: I) => Promise<O>,
  inFlightMax: number,
): AsyncIterable<O> {
  const iterator = items[Symbol.asyncIterator]();
  const underWay: Promise<O>[] = [];
  let reading: Promise<IteratorResult<I>> | undefined = iterator.next();
  try {
    while (reading !== undefined || underWay.length > 0) {
      const step = await firstOf(reading, underWay[0]);
      if (step === answered) {
        // Settled already; awaited here so that what it threw surfaces in its turn.
        yield await (underWay.shift() as Promise<O>);
      } else {
        reading = undefined;
        if (step.done) break;
        underWay.push(started(work, step.value));
      }
      if (reading === undefined && underWay.length < inFlightMax) reading = iterator.next();
    }
    for (const answer of underWay) yield await answer;
  } finally {
    await iterator.return?.();
  }
}

const answered = Symbol("the oldest answer is there");
type Answered = typeof answered;

/** Whichever comes first: the next item, or (`answered`) the oldest answer, well or badly. */
function firstOf<I, O>(
  reading: Promise<IteratorResult<I>> | undefined,
  oldest: Promise<O> | undefined,
): Promise<IteratorResult<I> | Answered> {
  const contenders: Promise<IteratorResult<I> | Answered>[] = [];
  if (reading !== undefined) contenders.push(reading);
  if (oldest !== undefined) contenders.push(oldest.then(sayAnswered, sayAnswered));
  return Promise.race(contenders);
}

const sayAnswered = (): Answered => answered;

/** Begins the work on one item. Its failure waits to be met in its turn, and is not unhandled meanwhile. */
function started<I, O>(work: (item: I) => Promise<O>, item: I): Promise<O> {
  const answer = work(item);
  answer.catch(sayAnswered);
  return answer;
}
