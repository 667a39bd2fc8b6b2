import { inParallel } from './inParallel';
import type { CallWorkflows, Life } from './workflows';

/** Workflows asked about at once. */
const WORKFLOWS_AT_ONCE = 20;

/** Visibility answers for many at once; whoever it does not name is asked about one by one, for it may be behind. */
export async function livesOf(
  workflows: CallWorkflows,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Life>> {
  if (ids.length === 0) return new Map();
  const running = await workflows.listRunning(ids);
  return new Map(
    await inParallel(
      ids,
      WORKFLOWS_AT_ONCE,
      async (id): Promise<readonly [string, Life]> => [
        id,
        running.has(id) ? { running: true } : await workflows.lifeOf(id),
      ],
    ),
  );
}
