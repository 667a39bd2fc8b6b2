import type { WorkflowGone } from './index';

/** How a call's workflow stands. */
export type Life = { readonly running: true } | { readonly running: false; readonly because: WorkflowGone };

/** What the sweep has to know of workflows. Made of a Temporal client by whoever runs the worker. */
export interface CallWorkflows {
  /**
   * Which of these run, by Temporal's visibility store: quick for many, and a moment behind. One that is not named may
   * have just begun.
   */
  listRunning(workflowIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** The id of a backtest's workflow. */
  readonly idOfBacktest: (backtestId: string) => string;
  /** How one stands now, beyond doubt. */
  lifeOf(workflowId: string): Promise<Life>;
  /** Tells a call that its carrier says it is over; does nothing when it runs no more. */
  tellOver(workflowId: string, word: { readonly at: string; readonly carrierStatus: string }): Promise<void>;
}
