import type { Client } from '@temporalio/client';
import { GRPC, grpcCode } from './connection.js';
import { DELIVERY } from './deliveries.js';

/** Removes the histories of deliveries that ended before this moment: sessions' are kept for good, these would pile up. */
export async function removeOldDeliveries(client: Client, before: Date, stop?: AbortSignal): Promise<void> {
  const { namespace } = client.options;
  const query = `WorkflowType = '${DELIVERY}' AND CloseTime < '${before.toISOString()}'`;
  for await (const { workflowId, runId } of client.workflow.list({ query })) {
    if (stop?.aborted) return;
    await client.workflowService
      .deleteWorkflowExecution({ namespace, workflowExecution: { workflowId, runId } })
      .catch((error: unknown) => {
        if (grpcCode(error) !== GRPC.notFound) throw error;
      });
  }
}
