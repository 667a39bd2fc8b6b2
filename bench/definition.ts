/** One bench, named as in `npm run bench -- NAME`. */
export interface Bench {
  readonly name: string;
  /** What it measures, in one line. */
  readonly summary: string;
  /**
   * Reads its own options, measures, prints.
   *
   * @param args what follows the name on the command line
   * @returns the exit code: 0 even when goals are missed, 1 when the figures cannot be trusted
   */
  run(args: readonly string[]): Promise<number>;
}
