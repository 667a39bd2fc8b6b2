import { callBench } from './call/bench';
import type { Bench } from './definition';
import { dniBench } from './dni/bench';
import { limitsBench } from './limits/bench';
import { migrationBench } from './migration/bench';
import { reportsBench } from './reports/bench';
import { routingBench } from './routing/bench';

/** Every bench there is. */
export const BENCHES: readonly Bench[] = [
  callBench,
  routingBench,
  limitsBench,
  migrationBench,
  dniBench,
  reportsBench,
];
