import type { FastifyReply } from 'fastify';
import type { Work } from '../catalog/work/work.js';
import type { WorkRef } from '../catalog/work/work-row.js';
import type { Call, Handlers } from './handler.js';
import { createAgeCursor, readPage, toPageCursor } from './page.js';

const LIMITS = { default: 20, max: 100 };
const MAX_BLOCK_MS = 999;
const DAY_MS = 86_400_000;
const cursor = createAgeCursor('work');

/** Endpoints §3, rows 13-20. */
export function workHandlers(work: Work): Handlers {
  return {
    'environments.work.retrieve': (call) => work.retrieve(refOf(call)),
    'environments.work.update': (call) => work.update(refOf(call), call.body),
    'environments.work.list': async ({ param, query }) =>
      toPageCursor(await work.list(param('environment_id'), readPage(query, cursor, LIMITS)), cursor),
    'environments.work.ack': (call) => work.ack(refOf(call), heldBy(call)),
    'environments.work.heartbeat': (call) => work.heartbeat(refOf(call), { ...readBeat(call), ...heldBy(call) }),
    'environments.work.poll': (call, reply) => poll(work, call, reply),
    'environments.work.stats': ({ param }) => work.stats(param('environment_id')),
    'environments.work.stop': (call) => work.stop(refOf(call), call.body),
  };
}

function refOf({ param }: Call): WorkRef {
  return { environmentId: param('environment_id'), id: param('work_id') };
}

function heldBy({ principal }: Call): { isStale: boolean } {
  return { isStale: principal.kind === 'session_token' && principal.isStale };
}

function readBeat({ query }: Call) {
  const expected = query.text('expected_last_heartbeat');
  const desiredTtlSeconds = query.integer('desired_ttl_seconds', { min: 1, max: DAY_MS });
  return { ...(expected !== undefined && { expected }), ...(desiredTtlSeconds !== undefined && { desiredTtlSeconds }) };
}

async function poll(work: Work, { principal, param, query, incoming }: Call, reply: FastifyReply): Promise<unknown> {
  const blockMs = query.integer('block_ms', { min: 1, max: MAX_BLOCK_MS });
  const reclaimOlderThanMs = query.integer('reclaim_older_than_ms', { min: 1, max: DAY_MS });
  const workerId = incoming.headers['anthropic-worker-id'];
  const gone = new AbortController();
  reply.raw.on('close', () => gone.abort());
  const item = await work.poll(param('environment_id'), {
    keyId: principal.keyId,
    ...(blockMs !== undefined && { blockMs }),
    ...(reclaimOlderThanMs !== undefined && { reclaimOlderThanMs }),
    ...(typeof workerId === 'string' && workerId !== '' && { workerId }),
    signal: gone.signal,
  });
  // Of an empty queue the body is JSON, too.
  return item ?? reply.type('application/json').send('null');
}
