import { join } from 'node:path';
import { largest, readSelfTimes, type SelfTime, type TimeWindow } from '../profile';
import type { Measurement } from './rounds';

const MOST_PACKAGES = 12;
const MOST_FUNCTIONS = 12;

/** Where the JavaScript of each program spent its time while it was measured, in milliseconds a call. */
export async function profileText(folder: string, measurements: readonly Measurement[]): Promise<string> {
  const parts: string[] = [];
  for (const program of ['api', 'worker'] as const) {
    const ours = await readSelfTimes(join(folder, program), windowsOf(measurements, 'callyard'));
    const bare = await readSelfTimes(join(folder, `bare-${program}`), windowsOf(measurements, 'bare'));
    const calls = { ours: callsOf(measurements, 'callyard'), bare: callsOf(measurements, 'bare') };
    parts.push(`Self time of the ${program}, ms per call (bare beside it):`);
    parts.push(lines(ours, bare, calls, 'byPackage', MOST_PACKAGES), '  by function:');
    parts.push(lines(ours, bare, calls, 'byFunction', MOST_FUNCTIONS), '');
  }
  return `${parts.join('\n')}Profiles, one a thread, for Chrome's developer tools: ${folder}`;
}

function lines(
  ours: SelfTime,
  bare: SelfTime,
  calls: { readonly ours: number; readonly bare: number },
  by: keyof SelfTime,
  count: number,
): string {
  const perCall = (milliseconds: number, of: number): string => (milliseconds / of).toFixed(2).padStart(7);
  return largest(ours[by], count)
    .map(
      ([name, ms]) => `  ${perCall(ms, calls.ours)} ${perCall(bare[by].get(name) ?? 0, calls.bare)}  ${name}`,
    )
    .join('\n');
}

function windowsOf(measurements: readonly Measurement[], system: Measurement['system']): TimeWindow[] {
  return measurements.filter((one) => one.system === system).map(({ window }) => window);
}

function callsOf(measurements: readonly Measurement[], system: Measurement['system']): number {
  return measurements.filter((one) => one.system === system).reduce((sum, { load }) => sum + load.calls, 0);
}
