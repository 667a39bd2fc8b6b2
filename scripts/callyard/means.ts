import type { Client } from './client';
import type { ExitCode, Surroundings } from './commands';

/** What a group of subcommands is added to the command line with. */
export interface Means {
  /** Sets what the program does once the command line is read. */
  readonly choose: (action: (around: Surroundings) => Promise<ExitCode>) => void;
  /** @throws InputError when nothing answers there */
  readonly connect: (url: string | undefined) => Promise<Client>;
  readonly urlOption: readonly [string, string];
}
