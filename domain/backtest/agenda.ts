import { Heap } from 'heap-js';

interface Entry {
  readonly at: number;
  readonly rank: number;
  readonly no: number;
  readonly happen: () => void;
}

/** What is still to come, in the order of its instants. Milliseconds since 1970. */
export class Agenda {
  private readonly entries = new Heap<Entry>((a, b) => a.at - b.at || a.rank - b.rank || a.no - b.no);
  private no = 0;

  /** @param rank of what happens in the same moment, the lower comes first; of the same rank, what was entered first */
  enter(at: number, rank: number, happen: () => void): void {
    this.no += 1;
    this.entries.push({ at, rank, no: this.no, happen });
  }

  /** Lets all happen that comes up to an instant, that instant included, with what comes of it. */
  until(to: number): void {
    while (this.step(to));
  }

  /** Lets the next thing happen, if it comes up to an instant. @returns whether it did */
  step(to: number): boolean {
    const next = this.entries.peek();
    if (next === undefined || next.at > to) return false;
    this.entries.pop();
    next.happen();
    return true;
  }
}

/** Room that comes free is free for whoever asks in the same moment. */
export const FREED_BY_OTHERS = 0;
export const DIAL_ENDED = 1;
export const GOES_ON = 2;
export const ARRIVED = 3;
