import type { Client } from '@temporalio/client';
import type { Mounts } from '../mounts/mounts.js';
import type { Sandboxes } from '../sandbox/sandbox.js';
import type { Blobs } from '../session/blobs.js';
import type { Freshness } from '../session/log.js';
import { erase } from '../session/projection.js';
import type { Projector } from '../session/projector.js';
import type { Transcripts } from '../session/transcripts.js';
import type { Database } from '../storage/database.js';
import { GRPC, grpcCode } from './connection.js';
import { listRuns } from './history.js';

export interface PurgeDeps {
  client: Client;
  projector: Projector;
  /** Has others told of the end, and of what the log says, which is about to go. */
  announce(sessionId: string): Promise<void>;
  db: Database;
  blobs: Blobs;
  sandboxes: Sandboxes;
  mounts: Pick<Mounts, 'remove'>;
  transcripts: Transcripts;
  freshness: Freshness;
}

/** Removes all that is kept of a session whose workflow is over, its row aside. Idempotent: what was cut off is done again. */
export function createPurge(deps: PurgeDeps): (sessionId: string) => Promise<void> {
  return async (sessionId) => {
    // Streams end with the log's last event: it is published before the log goes.
    await deps.projector.catchUp(sessionId);
    await deps.announce(sessionId);
    await deps.sandboxes.destroy(sessionId, { workspace: true });
    await deps.mounts.remove(sessionId);
    await deleteHistory(deps.client, sessionId);
    await deps.blobs.removeAll(sessionId);
    // Temporal takes its time: who has seen the session a moment ago must not bring it back from there.
    await deps.projector.end(sessionId);
    await erase(deps.db, sessionId);
    deps.transcripts.forget(sessionId);
    deps.freshness.forget(sessionId);
  };
}

async function deleteHistory(client: Client, workflowId: string): Promise<void> {
  const { namespace } = client.options;
  // The last run last: from it a deletion that was cut off finds the others again.
  for (const runId of await listRuns(client, workflowId)) {
    await client.workflowService
      .deleteWorkflowExecution({ namespace, workflowExecution: { workflowId, runId } })
      .catch((error: unknown) => {
        if (grpcCode(error) !== GRPC.notFound) throw error;
      });
  }
}
