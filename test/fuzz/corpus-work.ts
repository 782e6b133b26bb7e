import type { Operation } from '../../src/http/routes.js';
import type { Good, Known } from './corpus.js';

/** The rows of work queues. */
export const WORK_CORPUS: { readonly [Name in Operation]?: Good } = {
  'environments.work.retrieve': { params: ofQueue },
  'environments.work.update': { params: ofQueue, body: () => ({ metadata: { a: 'b', c: null } }) },
  'environments.work.list': { params: ofQueue, key: ofWorker, query: 'limit=5' },
  // The one item there is has been stopped.
  'environments.work.ack': { params: ofQueue, key: ofWorker, status: 409 },
  'environments.work.heartbeat': {
    params: ofQueue,
    key: ofWorker,
    query: 'expected_last_heartbeat=NO_HEARTBEAT&desired_ttl_seconds=60',
  },
  'environments.work.poll': { params: ofQueue, key: ofWorker, query: 'block_ms=1&reclaim_older_than_ms=5000' },
  'environments.work.stats': { params: ofQueue },
  'environments.work.stop': { params: ofQueue, body: () => ({ force: true }), status: 409 },
};

function ofQueue({ queue_environment_id: environment_id, work_id }: Known): Record<string, string> {
  return { environment_id, work_id };
}

function ofWorker({ environment_key }: Known): string {
  return environment_key;
}
