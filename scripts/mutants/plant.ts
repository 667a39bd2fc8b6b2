import type { Mutant } from './mutants';

/**
 * The source with the bug in it.
 * @throws when the text to replace is not there exactly once: the mutant no longer says what it means
 */
export function plant(source: string, { name, file, find, replace }: Mutant): string {
  const parts = source.split(find);
  if (parts.length !== 2)
    throw new Error(`"${name}" cannot be planted: its text stands ${parts.length - 1} times in ${file}`);
  return parts.join(replace);
}
