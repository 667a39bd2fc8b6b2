import { randomInt } from 'node:crypto';
import { Command } from 'commander';
import type { Bench } from '../definition';
import { currentLoad, describeMachine, type Machine } from '../machine';
import { wholeNumber } from '../options';
import { Progress } from '../progress';
import { writeReport } from '../report';
import { measureDecisions } from './decisions';
import type { Section, SectionResult } from './section';
import { measureWebhooks } from './webhook';

interface Options {
  readonly rounds: number;
  readonly window: number;
  readonly seed: number;
  readonly json?: string;
}

/** What is measured, in this order. */
const SECTIONS: readonly Section[] = [measureDecisions, measureWebhooks];

export const routingBench: Bench = {
  name: 'routing',
  summary: 'candidates considered per second and time per decision, from 10 to 10,000 assignments',
  async run(args) {
    const { rounds, window: windowMs, seed, json } = readOptions(args);
    const machine = await describeMachine(null, currentLoad());
    const progress = new Progress();
    const told: SectionResult[] = [];
    try {
      for (const section of SECTIONS) told.push(await section({ rounds, seed, windowMs, progress }));
    } finally {
      progress.end();
    }
    console.log([machineLine(machine, seed), ...told.map(({ text }) => text)].join('\n\n'));
    if (json !== undefined) {
      const results = told.flatMap(({ results }) => results);
      await writeReport(json, { bench: 'routing', machine, seed, rounds, results });
      console.log(`\nFigures written to ${json}`);
    }
    return 0;
  },
};

function readOptions(args: readonly string[]): Options {
  const command = new Command('npm run bench -- routing')
    .description('Measures routing decisions in this process, on one core.')
    .option('--rounds <n>', 'how often each cell is measured', wholeNumber(1, 100, 'rounds'), 5)
    .option('--window <ms>', 'counted milliseconds of each cell', wholeNumber(10, 60_000, 'ms'), 300)
    .option('--seed <n>', 'campaigns and callers', wholeNumber(0, 2 ** 31, 'any'), randomInt(2 ** 31))
    .option('--json <file>', 'write the figures to a file')
    .allowExcessArguments(false)
    .exitOverride();
  return command.parse([...args], { from: 'user' }).opts<Options>();
}

function machineLine({ cpu, cores, memoryGiB, os, node, loadBefore }: Machine, seed: number): string {
  return `Machine: ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${os}, load ${loadBefore} before the run\nNode ${node}, seed ${seed}`;
}
