/** Everything in the worker's workflow bundle. */
export { backtest } from './backtest/workflow';
export { call } from './call/workflow';
export { deliveries } from './delivery/workflow';
export { maintenance } from './maintenance/workflow';
export { migration } from './migration/workflow';
