import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import {
  bundleWorkflowCode,
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
  type InjectedSinks,
} from '@temporalio/worker';
import { createFollower } from './follow.js';
import { FLOOR_QUEUE, FLOOR_WORKFLOW, SEND, type FloorActivities } from './protocol.js';
import { serveFloor } from './server.js';
import type { FloorSinks } from './workflow.js';

/** The floor as a process of its own, over the Temporal server at the address given. */
async function main(address: string): Promise<void> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const silent = { trace() {}, debug() {}, info() {}, log() {}, warn() {}, error: console.error };
  const [workflowBundle, native, connection] = await Promise.all([
    bundleWorkflowCode({ workflowsPath: join(__dirname, 'workflow.js'), logger: silent }),
    NativeConnection.connect({ address }),
    Connection.connect({ address }),
  ]);
  const client = new Client({ connection });
  const server = await serveFloor({
    create: async () => {
      const { workflowId } = await client.workflow.start(FLOOR_WORKFLOW, {
        workflowId: `floor_${randomUUID()}`,
        taskQueue: FLOOR_QUEUE,
      });
      return workflowId;
    },
    send: async (id, text) => {
      await client.workflow.getHandle(id).executeUpdate<number, [number]>(SEND, { args: [stepsOf(text)] });
    },
  });
  const follower = createFollower(client, (id, event) => server.tell(id, event));
  const activities: FloorActivities = { journal: async (batch) => batch, work: async () => 'hello' };
  const sinks: InjectedSinks<FloorSinks> = {
    log: { hint: { fn: ({ workflowId }, seq) => follower.hint(workflowId, seq), callDuringReplay: false } },
  };
  const worker = await Worker.create({
    connection: native,
    taskQueue: FLOOR_QUEUE,
    workflowBundle,
    activities,
    maxConcurrentActivityTaskExecutions: 500,
    sinks,
    shutdownForceTime: 1_000,
  });
  process.once('SIGTERM', () => worker.shutdown());
  console.log(`floor ready at ${server.url}`);
  await worker.run();
  process.exit(0);
}

/** A turn of n replies has n model calls and n - 1 commands between them. */
function stepsOf(text: string): number {
  // A script is a list of replies; other texts get one.
  const replies: unknown[] = text.startsWith('[') ? JSON.parse(text) : [null];
  return replies.length * 2 - 1;
}

void main(process.argv[2] ?? '');
