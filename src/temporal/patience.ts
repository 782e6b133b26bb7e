import type { Client } from '@temporalio/client';
import { ApiError } from '../api-error.js';
import { GRPC, grpcCode } from './connection.js';

/** How long a caller waits for Temporal. */
export const PATIENCE_MS = 10_000;

/** Bounds a call; without an answer in time, or without a server, the caller is told to come again. */
export async function withPatience<T>(client: Client, call: () => Promise<T>): Promise<T> {
  try {
    return await client.withDeadline(Date.now() + PATIENCE_MS, call);
  } catch (error) {
    const code = grpcCode(error);
    const isLate = code === GRPC.deadlineExceeded || code === GRPC.cancelled || isTimeout(error);
    if (!isLate && code !== GRPC.unavailable) throw error;
    throw unavailable(isLate ? 'No worker took the request in time.' : 'The Temporal server cannot be reached.');
  }
}

/** What a caller is told who can do nothing but try again. */
export function unavailable(why: string): ApiError {
  return new ApiError('unavailable_error', `${why} Nothing was lost; try again.`, { retryAfter: 2 });
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'WorkflowUpdateRPCTimeoutOrCancelledError';
}
