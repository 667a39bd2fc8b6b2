import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Worker } from '@temporalio/worker';
import { environment } from './system';

const HISTORIES = path.join(__dirname, '..', 'histories');

/*
 * Calls that real servers have run, replayed against today's code. When one fails, calls in progress during a
 * deployment would too: put the change behind `patched`, or into a new deployment version.
 */
describe('a recorded call', () => {
  const names = readdirSync(HISTORIES).filter((name) => name.endsWith('.json'));

  it('exists for each kind of end that has messages of its own', () => {
    expect(names.length).toBeGreaterThanOrEqual(6);
  });

  it.each(names)('%s replays', async (name) => {
    const history: unknown = JSON.parse(readFileSync(path.join(HISTORIES, name), 'utf8'));
    const bundle = { codePath: environment('CALLYARD_TEST_BUNDLE') };
    await Worker.runReplayHistory({ workflowBundle: bundle }, history);
  });

  it('that does something else than the code does not replay', async () => {
    const [name = ''] = names;
    const text = readFileSync(path.join(HISTORIES, name), 'utf8');
    const changed: unknown = JSON.parse(
      text
        .replaceAll('"TIMER_STARTED"', '"X"')
        .replace('EVENT_TYPE_TIMER_STARTED', 'EVENT_TYPE_TIMER_CANCELED'),
    );
    const bundle = { codePath: environment('CALLYARD_TEST_BUNDLE') };
    await expect(Worker.runReplayHistory({ workflowBundle: bundle }, changed)).rejects.toThrow();
  });
});
