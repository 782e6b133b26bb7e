import type Anthropic from '@anthropic-ai/sdk';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseCron } from '../../src/schedule/cron.js';
import { spread } from '../../src/schedule/jitter.js';
import { fireAgain, fireResult, fireWorkflowId, presentMinute } from '../support/fire.js';
import { startReceiver } from '../support/webhook-receiver.js';
import type { Wire } from '../wire/server.js';
import { openTalk } from '../wire/session.js';

type Deployment = Anthropic.Beta.Deployments.BetaManagedAgentsDeployment;

/** What a server needs for these. */
export const BESIDE_ENV = { DROVER_ALLOW_PRIVATE_ADDRESSES: 'true', DROVER_WEBHOOK_RETRY_MS: '40' };

/** Workflows that are no session's: fires of schedules, dreams, deliveries of webhooks. Each gives its workflow's id. */
export const BESIDE: Record<string, (wire: Wire) => Promise<{ id: string }>> = {
  fire: (wire) => fire(wire),
  async 'fire-skipped'(wire) {
    return fire(wire, ({ id }) => wire.client.beta.deployments.pause(id));
  },
  async dream(wire) {
    const id = await beginDream(wire, 1_000);
    await wire.temporal.workflow.getHandle(id).result();
    return { id };
  },
  async 'dream-cancelled'(wire) {
    const id = await beginDream(wire, 20_000);
    const { dreams } = wire.client.beta;
    while ((await dreams.retrieve(id)).session_id === null) await sleep(50);
    await dreams.cancel(id);
    await wire.temporal.workflow.getHandle(id).result();
    return { id };
  },
  webhook: (wire) => deliver(wire),
  'webhook-retried': (wire) => deliver(wire, 500, 503),
};

/** Of one whose jitter is still to come, but not for long. */
async function fire(wire: Wire, before?: (deployment: Deployment) => Promise<unknown>): Promise<{ id: string }> {
  const { expression, scheduled_at } = await presentMinute();
  const { beta } = wire.client;
  const cron = parseCron(expression);
  if (typeof cron === 'string') throw new Error(cron);
  const agent = await beta.agents.create({ name: 'a', model: 'm' });
  const environment = await beta.environments.create({ name: 'e' });
  for (;;) {
    const deployment = await beta.deployments.create({
      name: 'Report',
      agent: agent.id,
      environment_id: environment.id,
      initial_events: [{ type: 'user.message', content: [{ type: 'text', text: 'go' }] }],
      schedule: { type: 'cron', expression, timezone: 'UTC' },
    });
    const wait = scheduled_at + spread(deployment.id, cron, 'UTC', scheduled_at) - Date.now();
    if (wait < 1_000 || wait > 10_000) continue;
    await before?.(deployment);
    await fireAgain(wire.temporal, deployment, scheduled_at);
    await fireResult(wire.temporal, deployment, scheduled_at);
    return { id: fireWorkflowId(deployment.id, scheduled_at) };
  }
}

async function beginDream(wire: Wire, firstTokenMs: number): Promise<string> {
  const { beta } = wire.client;
  const { id: memory_store_id } = await beta.memoryStores.create({ name: 'Notes' });
  const talk = await openTalk(wire);
  await talk.turn('hello');
  const model = `dreamer-${firstTokenMs}`;
  wire.script(model, { firstTokenMs });
  const inputs = [
    { type: 'memory_store' as const, memory_store_id },
    { type: 'sessions' as const, session_ids: [talk.id] },
  ];
  return (await beta.dreams.create({ inputs, model })).id;
}

/** One delivery, after so many refusals. */
async function deliver(wire: Wire, ...refusals: number[]): Promise<{ id: string }> {
  const receiver = await startReceiver();
  receiver.answer('/', ...refusals);
  const { url, key } = wire.server;
  const response = await fetch(`${url}/drover/webhooks`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key.value}` },
    body: JSON.stringify({ url: `${receiver.url}/`, enabled_events: ['environment.created'] }),
  });
  // What the route answers with.
  const endpoint = (await response.json()) as { id: string };
  await wire.client.beta.environments.create({ name: 'e' });
  const [received] = await receiver.until('/', refusals.length + 1);
  const id = `${received?.headers['webhook-id']}/${endpoint.id}`;
  await wire.temporal.workflow.getHandle(id).result();
  await receiver.stop();
  return { id };
}
