import type { Pool } from 'pg';
import { abandonBacktest, listOpenBacktests } from '../../db/queries/backtest/progress';
import { livesOf } from './lives';
import type { CallWorkflows } from './workflows';

/** A workflow is started before its backtest is on record, so that one is there: this is only for clocks that differ. */
const SETTLED_SECONDS = 60;

/** Closes every backtest that is open on record and has no workflow any more: nobody else would. */
export async function closeLostBacktests(db: Pool, workflows: CallWorkflows): Promise<void> {
  const open = await listOpenBacktests(db, SETTLED_SECONDS);
  const lives = await livesOf(workflows, open.map(workflows.idOfBacktest));
  for (const id of open) {
    const life = lives.get(workflows.idOfBacktest(id));
    if (life === undefined || life.running) continue;
    await abandonBacktest(db, id, `its workflow is gone (${life.because})`);
  }
}
