import { isGrpcServiceError, WorkflowNotFoundError } from '@temporalio/client';

/** The gRPC status an error of the Temporal client came of, https://grpc.io/docs/guides/status-codes/. */
export function grpcCode(error: unknown): number | undefined {
  if (isGrpcServiceError(error)) return error.code;
  return error instanceof Error && isGrpcServiceError(error.cause) ? error.cause.code : undefined;
}

/** Whether Temporal knows no such workflow, or none of it that runs. */
export function isNotFound(error: unknown): boolean {
  return error instanceof WorkflowNotFoundError || grpcCode(error) === 5;
}

/**
 * Whether an update was lost through no fault of its own. FAILED_PRECONDITION (9): a signal came in while the workflow
 * was about to complete, so the server threw that task away, the update with it ("UnhandledCommand"); carriers send a
 * dial's result and the end of the call in the same moment, so this happens every day. ABORTED (10): the workflow closed
 * meanwhile, https://github.com/temporalio/temporal/pull/7921. Sent again under the same id, the update either runs, or
 * finds the answer it had.
 */
export function isLostUpdate(error: unknown): boolean {
  const code = grpcCode(error);
  return code === 9 || code === 10;
}

/** Whether the server cannot be reached or does not answer: CANCELLED, DEADLINE_EXCEEDED, UNAVAILABLE. */
export function isServerAway(error: unknown): boolean {
  const code = grpcCode(error);
  return code === 1 || code === 4 || code === 14;
}
