import { callBench } from './call/bench';
import type { Bench } from './definition';

/** Every bench there is. */
export const BENCHES: readonly Bench[] = [callBench];
