import type { Client } from '@temporalio/client';
import { GRPC, grpcCode } from './connection.js';

/** Removes the histories of workflows of this type that ended before this moment: sessions' are kept for good, these would pile up. */
export async function removeOldWorkflows(
  client: Client,
  { type, before, stopping }: { type: string; before: Date; stopping?: AbortSignal },
): Promise<void> {
  const { namespace } = client.options;
  const query = `WorkflowType = '${type}' AND CloseTime < '${before.toISOString()}'`;
  for await (const { workflowId, runId } of client.workflow.list({ query })) {
    if (stopping?.aborted) return;
    await client.workflowService
      .deleteWorkflowExecution({ namespace, workflowExecution: { workflowId, runId } })
      .catch((error: unknown) => {
        if (grpcCode(error) !== GRPC.notFound) throw error;
      });
  }
}
