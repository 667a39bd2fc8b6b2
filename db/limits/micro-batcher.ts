/** More is waiting than may: the database is slower than what is asked of it. */
export class QueueFull extends Error {
  override readonly name = 'QueueFull';
}

export interface MicroBatcherOptions<Item, Answer> {
  /** What a refused request is told is full, for example `reservations`. */
  readonly what: string;
  /**
   * Works on a batch in one go. Gives an answer for each item, in their order; `null` for one that has to be asked
   * again, which then stands at the head of the queue. Repeating an item must change nothing.
   */
  readonly run: (items: readonly Item[]) => Promise<readonly (Answer | null)[]>;
  /** What an item weighs; a batch takes as many as fit into `mostWeight`, at least one. */
  readonly weightOf: (item: Item) => number;
  readonly mostWeight: number;
  /** Items that may wait at most. */
  readonly mostWaiting: number;
  /** Whether the same batch may go through if it is sent again: the error is not about what it carries. */
  readonly isPassing: (error: unknown) => boolean;
}

interface Waiting<Item, Answer> {
  readonly item: Item;
  readonly weight: number;
  readonly answer: (answer: Answer) => void;
  readonly fail: (error: unknown) => void;
}

/** A batch that failed for a reason that passes is sent so often. */
const TRIES = 4;

/**
 * Gathers requests while the one before is under way, and sends them together as soon as it returns. There is no timer:
 * a request that comes alone is sent at once, and the batch grows with the load by itself.
 *
 * Requests are worked on in the order in which they came. One that makes its batch fail is found by halving, so that
 * only it fails. Past `mostWaiting` a request is refused at once rather than kept waiting for longer and longer.
 */
export class MicroBatcher<Item, Answer> {
  readonly #options: MicroBatcherOptions<Item, Answer>;
  #queue: Waiting<Item, Answer>[] = [];
  #running: Promise<void> | null = null;

  constructor(options: MicroBatcherOptions<Item, Answer>) {
    this.#options = options;
  }

  /** @throws QueueFull when too many wait already */
  ask(item: Item): Promise<Answer> {
    const { what, mostWaiting, weightOf } = this.#options;
    if (this.#queue.length >= mostWaiting) {
      return Promise.reject(
        new QueueFull(
          `${mostWaiting} ${what} wait for the database already: try again in a moment, or add database capacity`,
        ),
      );
    }
    return new Promise((answer, fail) => {
      this.#queue.push({ item, weight: weightOf(item), answer, fail });
      this.#running ??= this.#workOff();
    });
  }

  /** Settles when nothing waits and nothing is under way. */
  async idle(): Promise<void> {
    while (this.#running !== null) await this.#running;
  }

  async #workOff(): Promise<void> {
    // What is asked in the same turn of the event loop goes out together.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const again = await this.#send(this.#next());
      if (again.length > 0) this.#queue = [...again, ...this.#queue];
    }
    this.#running = null;
  }

  #next(): Waiting<Item, Answer>[] {
    let weight = 0;
    let count = 0;
    for (const waiting of this.#queue) {
      weight += waiting.weight;
      if (count > 0 && weight > this.#options.mostWeight) break;
      count++;
    }
    return this.#queue.splice(0, count);
  }

  /** @returns those that have to be asked again */
  async #send(batch: readonly Waiting<Item, Answer>[]): Promise<Waiting<Item, Answer>[]> {
    for (let attempt = 1; ; attempt++) {
      try {
        const answers = await this.#options.run(batch.map(({ item }) => item));
        return batch.filter((waiting, index) => {
          const answer = answers[index];
          if (answer === undefined) {
            waiting.fail(new Error(`The batch of ${batch.length} came back with ${answers.length} answers`));
            return false;
          }
          if (answer === null) return true;
          waiting.answer(answer);
          return false;
        });
      } catch (error) {
        if (this.#options.isPassing(error)) {
          if (attempt < TRIES) continue;
          for (const { fail } of batch) fail(error);
          return [];
        }
        return this.#halve(batch, error);
      }
    }
  }

  async #halve(batch: readonly Waiting<Item, Answer>[], error: unknown): Promise<Waiting<Item, Answer>[]> {
    const [only] = batch;
    if (only !== undefined && batch.length === 1) {
      only.fail(error);
      return [];
    }
    const middle = Math.ceil(batch.length / 2);
    const first = await this.#send(batch.slice(0, middle));
    return [...first, ...(await this.#send(batch.slice(middle)))];
  }
}
