/** The time a webhook may take is used up. */
export class DeadlineExceeded extends Error {
  override readonly name = 'DeadlineExceeded';
}

/**
 * Waits for `work`, but no longer than until `at` (milliseconds since the epoch). What `work` does afterwards is its
 * own affair: its late failure is not reported again.
 * @throws DeadlineExceeded
 */
export async function before<T>(at: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DeadlineExceeded('no answer in time')), Math.max(0, at - Date.now()));
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
