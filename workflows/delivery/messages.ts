/** The workflow type. */
export const DELIVERY_WORKFLOW = 'deliveries';

/** Input of the workflow: what the runs before it came to. */
export interface DeliveryInput {
  readonly delivered: number;
  readonly failed: number;
  readonly dead: number;
}

export const NOTHING_DELIVERED: DeliveryInput = { delivered: 0, failed: 0, dead: 0 };
