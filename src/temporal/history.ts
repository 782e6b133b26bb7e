import type { Client } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import type { HistoryPage, HistoryReader } from '../session/history-reader.js';
import { GRPC, grpcCode } from './connection.js';

const PAGE_EVENTS = 256;
/** The server answers a waiting read after 20 s. */
const READ_MS = 40_000;

/** Histories over Temporal's client. */
export function createHistoryReader(client: Client): HistoryReader {
  const { connection, workflowService } = client;
  const { namespace } = client.options;
  return {
    async firstRun(thread) {
      const started = await firstEvent(client, { workflowId: thread });
      return started?.firstExecutionRunId ?? undefined;
    },
    async length(thread, runId) {
      const execution = { workflowId: thread, runId };
      const { workflowExecutionInfo } = await workflowService.describeWorkflowExecution({ namespace, execution });
      return Number(workflowExecutionInfo?.historyLength ?? 0);
    },
    async read(thread, runId, token, signal) {
      // A signal of this call's own: the client never lets go of one it was given, and with it of the call.
      const call = new AbortController();
      const abort = (): void => call.abort();
      signal.addEventListener('abort', abort);
      const read = (from: Uint8Array | null): Promise<HistoryPage> =>
        connection.withAbortSignal(call.signal, () =>
          connection.withDeadline(Date.now() + READ_MS, () => readPage(client, thread, runId, from)),
        );
      try {
        if (signal.aborted) call.abort();
        return await read(token);
      } catch (error) {
        // Tokens are the server's own: after an upgrade or a reset it may not know one any more.
        if (token !== null && grpcCode(error) === GRPC.invalidArgument) return await read(null);
        throw error;
      } finally {
        signal.removeEventListener('abort', abort);
      }
    },
  };
}

async function readPage(
  client: Client,
  workflowId: string,
  runId: string,
  token: Uint8Array | null,
): Promise<HistoryPage> {
  const response = await client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution: { workflowId, runId },
    maximumPageSize: PAGE_EVENTS,
    nextPageToken: token,
    // Without it the last page of an open run comes without a token, and the place is lost.
    waitNewEvent: true,
  });
  const next = response.nextPageToken;
  return { events: response.history?.events ?? [], token: next?.length ? next : null, fromStart: token === null };
}

/** The runs of a thread's chain that are still kept, first to last. */
export async function listRuns(client: Client, workflowId: string): Promise<string[]> {
  const runs: string[] = [];
  for (let started = await firstEvent(client, { workflowId }); started;) {
    runs.unshift(started.originalExecutionRunId ?? '');
    const runId = started.continuedExecutionRunId;
    started = runId ? await firstEvent(client, { workflowId, runId }) : undefined;
  }
  return runs;
}

type Started = temporal.api.history.v1.IWorkflowExecutionStartedEventAttributes;

async function firstEvent(
  client: Client,
  execution: { workflowId: string; runId?: string },
): Promise<Started | undefined> {
  try {
    const { history } = await client.workflowService.getWorkflowExecutionHistory({
      namespace: client.options.namespace,
      execution,
      maximumPageSize: 1,
    });
    return history?.events?.[0]?.workflowExecutionStartedEventAttributes ?? undefined;
  } catch (error) {
    if (grpcCode(error) === GRPC.notFound) return undefined;
    throw error;
  }
}
