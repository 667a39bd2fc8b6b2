// `npm run bench -- NAME [options]`: measures one part of Callyard.

import { CommanderError } from 'commander';
import { SetupProblem } from '../scripts/servers/setup-problem';
import { BENCHES } from './registry';

async function main([name, ...args]: readonly string[]): Promise<number> {
  const bench = BENCHES.find((candidate) => candidate.name === name);
  if (bench !== undefined) return bench.run(args);
  const known = BENCHES.map(({ name, summary }) => `  ${name.padEnd(10)} ${summary}`).join('\n');
  const problem = name === undefined ? 'Which bench?' : `There is no bench "${name}".`;
  console.error(`${problem} Use npm run bench -- NAME [options], with one of these names:\n${known}`);
  return 2;
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    // Commander has printed its own message.
    if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : 2);
    console.error(error instanceof SetupProblem ? error.message : error);
    process.exit(1);
  },
);
