import type { NodeId } from './flow';

/**
 * What can be wrong with a flow, and how bad it is. With an `error` a call could get stuck or be lost, so the flow
 * cannot be published; a `warning` is what somebody probably did not mean.
 */
export const FLOW_PROBLEMS = {
  missing_start: 'error',
  missing_exit: 'error',
  unknown_node: 'error',
  unreachable_node: 'warning',
  endless_loop: 'error',
  silence_loop: 'warning',
  too_many_nodes: 'error',
  invalid_node_id: 'error',
  missing_prompt: 'error',
  text_too_long: 'error',
  too_much_said: 'error',
  no_options: 'error',
  duplicate_digit: 'error',
  invalid_digit: 'error',
  no_branches: 'error',
  percent_out_of_range: 'error',
  percent_not_100: 'error',
  min_over_max: 'error',
  out_of_range: 'error',
  invalid_tag: 'error',
  duplicate_tag: 'warning',
  tag_without_value: 'error',
  value_without_tag: 'warning',
  missing_value: 'error',
  value_too_long: 'error',
  invalid_path: 'error',
  invalid_url: 'error',
} as const satisfies Readonly<Record<string, 'error' | 'warning'>>;

export type FlowProblemCode = keyof typeof FLOW_PROBLEMS;

export interface FlowProblem {
  readonly code: FlowProblemCode;
  readonly severity: 'error' | 'warning';
  /** `null`: the flow as a whole. */
  readonly nodeId: NodeId | null;
  /** JSON Pointer (RFC 6901) into the flow, for example `/nodes/menu/options/0/next`. */
  readonly pointer: string;
  /** What is wrong and what to do about it. */
  readonly message: string;
}

export function problem(
  code: FlowProblemCode,
  nodeId: NodeId | null,
  pointer: string,
  message: string,
): FlowProblem {
  return { code, severity: FLOW_PROBLEMS[code], nodeId, pointer, message };
}

/** Whether a flow with these problems may be published: none of them is an error. */
export function isPublishable(problems: readonly FlowProblem[]): boolean {
  return problems.every(({ severity }) => severity !== 'error');
}

/** The flow's own problems first, then by node, then by place in it: the same flow always reads the same. */
export function inOrder(problems: readonly FlowProblem[]): readonly FlowProblem[] {
  return problems.toSorted(
    (a, b) =>
      compare(a.nodeId ?? '', b.nodeId ?? '') || compare(a.pointer, b.pointer) || compare(a.code, b.code),
  );
}

/** By code unit: no locale decides the order. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
