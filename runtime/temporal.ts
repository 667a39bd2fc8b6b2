import { Client, Connection, defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from '@temporalio/client';

/** A webhook waits a second or two at most: retries come quickly or not at all. Milliseconds. */
const LONGEST_RETRY_PAUSE_MS = 250;

/**
 * A client that connects on first use and reconnects by itself: the API has to start, and answer carriers with the
 * fail-safe route, while Temporal is away.
 */
export function createTemporalClient(options: {
  readonly address: string;
  readonly namespace: string;
}): Client {
  const connection = Connection.lazy({
    address: options.address,
    interceptors: [
      makeGrpcRetryInterceptor({
        ...defaultGrpcRetryOptions(),
        delayFunction: (attempt) => Math.min(LONGEST_RETRY_PAUSE_MS, 50 * attempt),
      }),
    ],
    channelArgs: {
      // gRPC would wait up to two minutes before it tries again; calls come in meanwhile.
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 1_000,
    },
  });
  return new Client({ connection, namespace: options.namespace });
}
