import type { TestDatabase } from './database';

/** jest loads the set-up and the teardown as separate modules in one process: this symbol is what they share. */
const KEY = Symbol.for('callyard.test.template');

type Holder = Record<symbol, TestDatabase | undefined>;

/** Keeps the template database for the teardown. */
export function keepTemplate(template: TestDatabase): void {
  (globalThis as unknown as Holder)[KEY] = template;
}

/** The template database kept by the set-up; undefined when it did not get that far. */
export function takeTemplate(): TestDatabase | undefined {
  return (globalThis as unknown as Holder)[KEY];
}
