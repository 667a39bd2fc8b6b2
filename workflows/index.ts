/** Everything in the worker's workflow bundle. */
export { call } from './call/workflow';
