import { setTimeout as sleep } from 'node:timers/promises';
import {
  Client,
  Connection,
  defaultGrpcRetryOptions,
  makeGrpcRetryInterceptor,
  WorkflowNotFoundError,
} from '@temporalio/client';

/** Messages of Temporal's may be this large: a page of history is not limited by its size. */
const LARGEST_MESSAGE = 128 * 1024 * 1024;

/** A client of a Temporal server; close its `connection`. */
export async function connectClient(address: string, namespace: string): Promise<Client> {
  const retries = createRetries();
  const connection = await Connection.connect({
    address,
    interceptors: [retries.interceptor],
    // The client's own setting of this limit has no effect: it is spelled without the prefix.
    channelArgs: { 'grpc.max_receive_message_length': LARGEST_MESSAGE },
  });
  const close = connection.close.bind(connection);
  connection.close = async () => {
    await retries.end();
    await close();
  };
  return new Client({ connection, namespace });
}

/** Of one call: for about twenty seconds in all. */
const ATTEMPTS = 20;
const LONGEST_PAUSE_MS = 1_000;

/** The client's own retries, until they are ended: one that comes due after that would throw in a timer, where nobody can catch it. */
function createRetries() {
  const usual = defaultGrpcRetryOptions({ maxAttempts: ATTEMPTS });
  let isOver = false;
  let lastDue = 0;
  return {
    interceptor: makeGrpcRetryInterceptor({
      retryableDecider: (attempt, status) => !isOver && usual.retryableDecider(attempt, status),
      delayFunction(attempt, status) {
        const pause = Math.min(LONGEST_PAUSE_MS, usual.delayFunction(attempt, status));
        lastDue = Math.max(lastDue, performance.now() + pause);
        return pause;
      },
    }),
    async end() {
      isOver = true;
      const left = lastDue - performance.now();
      // A timer may fire a moment late.
      if (left > 0) await sleep(left + 50);
    },
  };
}

/** Codes of gRPC that callers tell apart. */
export const GRPC = {
  cancelled: 1,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  aborted: 10,
  unavailable: 14,
} as const;

/** The code of a gRPC error, however deep the client has wrapped it. */
export function grpcCode(error: unknown): number | undefined {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    // The client puts this one in place of the gRPC error and drops that.
    if (at instanceof WorkflowNotFoundError) return GRPC.notFound;
    if ('code' in at && typeof at.code === 'number') return at.code;
  }
  return undefined;
}
