import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { PROJECT_ROOT } from '../scripts/start/data-folder';

/** The parts of a .cpuprofile (https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-Profile) we read. */
const profileSchema = z.object({
  nodes: z.array(
    z.object({
      id: z.number(),
      callFrame: z.object({ functionName: z.string(), url: z.string(), lineNumber: z.number() }),
    }),
  ),
  /** Microseconds of the machine's monotonic clock, as `process.hrtime` has it. */
  startTime: z.number(),
  samples: z.array(z.number()),
  timeDeltas: z.array(z.number()),
});
export type CpuProfile = z.infer<typeof profileSchema>;

/** Begin and end, in microseconds of the monotonic clock. */
export type TimeWindow = readonly [number, number];

/** Time spent in functions themselves, without what they call. */
export interface SelfTime {
  /** Milliseconds by npm package, folder of ours, or part of Node. */
  readonly byPackage: ReadonlyMap<string, number>;
  /** Milliseconds by `function (package)`. */
  readonly byFunction: ReadonlyMap<string, number>;
}

/**
 * Reads all profiles in a folder (one a thread) and sums self time inside the windows. Waiting is left out.
 *
 * @throws when there is no profile: the program was killed before it could write one
 */
export async function readSelfTimes(folder: string, windows: readonly TimeWindow[]): Promise<SelfTime> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.cpuprofile'));
  if (files.length === 0) throw new Error(`${folder} holds no CPU profile`);
  const byPackage = new Map<string, number>();
  const byFunction = new Map<string, number>();
  for (const file of files) {
    const profile = profileSchema.parse(JSON.parse(await readFile(join(folder, file), 'utf8')));
    addSelfTimes(profile, windows, byPackage, byFunction);
  }
  return { byPackage, byFunction };
}

/** Adds one profile's self times, in milliseconds. */
export function addSelfTimes(
  profile: CpuProfile,
  windows: readonly TimeWindow[],
  byPackage: Map<string, number>,
  byFunction: Map<string, number>,
): void {
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  let now = profile.startTime;
  for (const [index, delta] of profile.timeDeltas.entries()) {
    now += delta;
    const at = now;
    const frame = frames.get(profile.samples[index] ?? -1);
    if (frame === undefined || WAITING.has(frame.functionName)) continue;
    if (!windows.some(([from, to]) => from <= at && at < to)) continue;
    const owner = packageOf(frame);
    const name = `${frame.functionName || '(anonymous)'} (${owner})`;
    byPackage.set(owner, (byPackage.get(owner) ?? 0) + delta / 1000);
    byFunction.set(name, (byFunction.get(name) ?? 0) + delta / 1000);
  }
}

/** What V8 calls time in which no JavaScript ran: `(program)` is mostly waiting for events in native code. */
const WAITING = new Set(['(idle)', '(program)', '(root)']);

/** Who a function belongs to. */
export function packageOf({
  url,
  functionName,
}: {
  readonly url: string;
  readonly functionName: string;
}): string {
  if (functionName === '(garbage collector)') return 'V8 garbage collector';
  if (url.startsWith('node:')) return 'Node';
  const installed = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url);
  if (installed?.[1] !== undefined) return installed[1];
  const path = url.replace(/^file:\/\//, '');
  if (path.startsWith(`${PROJECT_ROOT}/`)) {
    const inside = path.slice(PROJECT_ROOT.length + 1);
    if (inside.startsWith('dist/') || inside.endsWith('bare-workflow.js')) return 'workflow bundle';
    return `our ${inside.split('/')[0] ?? inside}`;
  }
  if (path.startsWith('wasm:')) return 'WebAssembly';
  // The sandbox's own scripts: https://github.com/temporalio/sdk-typescript, packages/worker/src/workflow/reusable-vm.ts
  if (path.startsWith('evalmachine.')) return '@temporalio/worker';
  return path === '' ? 'V8 built-ins' : path;
}

/** The largest first. */
export function largest(times: ReadonlyMap<string, number>, count: number): [string, number][] {
  return [...times].sort(([, a], [, b]) => b - a).slice(0, count);
}
