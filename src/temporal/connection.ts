import { Client, Connection, WorkflowNotFoundError } from '@temporalio/client';

/** Messages of Temporal's may be this large: a page of history is not limited by its size. */
const LARGEST_MESSAGE = 128 * 1024 * 1024;

/** A client of a Temporal server; close its `connection`. */
export async function connectClient(address: string, namespace: string): Promise<Client> {
  const connection = await Connection.connect({
    address,
    // The client's own setting of this limit has no effect: it is spelled without the prefix.
    channelArgs: { 'grpc.max_receive_message_length': LARGEST_MESSAGE },
  });
  return new Client({ connection, namespace });
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
