const MINUTE = 60;
const HOUR = 3_600;

/** Seconds between an attempt that failed and the next: 13 attempts in a little less than a day. */
export const WAITS_SECONDS: readonly number[] = [
  5,
  30,
  2 * MINUTE,
  10 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  4 * HOUR,
  4 * HOUR,
  4 * HOUR,
  4 * HOUR,
  4 * HOUR,
];

/** A delivery that has been tried for so long is given up, in seconds: it may have been held up in between. */
const GIVEN_UP_AFTER_SECONDS = 24 * HOUR;

/** Up to so much of a wait is added to it, so that what failed together does not come back together. */
const SPREAD = 0.1;

/**
 * How long to wait after a failure, in seconds.
 * @param failures so far, this one included
 * @param elapsedSeconds since the delivery was first due
 * @param draw from 0 to 1, another one each time
 * @returns `null`: it is given up
 */
export function nextWait(
  failures: number,
  elapsedSeconds: number,
  draw: number,
  waits: readonly number[] = WAITS_SECONDS,
): number | null {
  const wait = waits[failures - 1];
  if (wait === undefined || elapsedSeconds + wait > GIVEN_UP_AFTER_SECONDS) return null;
  return wait * (1 + SPREAD * draw);
}
