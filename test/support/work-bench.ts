import { type Anthropic, APIError } from '@anthropic-ai/sdk';
import { startTestServer, type TestServer } from '../support/app.js';
import { openQueue, type Queue, type WorkItem } from '../support/work.js';

type EventParams = Anthropic.Beta.Sessions.EventSendParams['events'][number];

export const MESSAGE = { type: 'user.message', content: [{ type: 'text', text: 'hi' }] } satisfies EventParams;
export const INTERRUPT = { type: 'user.interrupt' } satisfies EventParams;
export const OUTCOME = {
  type: 'user.define_outcome',
  description: 'd',
  rubric: { type: 'text', content: 'r' },
} satisfies EventParams;
export const NO_HEARTBEAT = { expected_last_heartbeat: 'NO_HEARTBEAT' };

/** A server for the tests of a file, and for each test a self-hosted environment with a queue of its own. */
export interface WorkBench {
  readonly server: TestServer;
  readonly client: Anthropic;
  readonly agent: string;
  readonly queue: Queue;
  /** So long passes in an instant, as leases are measured. */
  pass(ms: number): void;
  /** A session that was told something when it was made. */
  openSession(of?: Queue): Promise<string>;
  send(session: string, ...events: EventParams[]): Promise<unknown>;
  /** Leaves a session standing in the midst of its turn, as one does that waits for its worker; gives the call's id. */
  waitForWorker(session: string): string;
  retrieve(work: WorkItem): Promise<WorkItem>;
  stop(work: WorkItem, force?: boolean, by?: Anthropic): Promise<WorkItem>;
}

/** To be called once in a file, outside of its tests. */
export function useWorkBench(): WorkBench {
  let server: TestServer;
  let agent: string;
  let queue: Queue;
  let skew = 0;
  beforeAll(async () => {
    server = await startTestServer({ now: () => Date.now() + skew, streams: { keyCheckMs: 50 } });
    agent = (await server.client.beta.agents.create({ name: 'a', model: 'm' })).id;
  });
  beforeEach(async () => {
    queue = await openQueue(server.url, server.client);
  });
  afterAll(() => server.stop());
  return {
    get server() {
      return server;
    },
    get client() {
      return server.client;
    },
    get agent() {
      return agent;
    },
    get queue() {
      return queue;
    },
    pass: (ms) => void (skew += ms),
    async openSession({ environment_id } = queue) {
      const params = { agent, environment_id, initial_events: [message] };
      return (await server.client.beta.sessions.create(params)).id;
    },
    send: (session, ...events) => server.client.beta.sessions.events.send(session, { events }),
    waitForWorker(session) {
      const call = { name: 'bash', input: { command: 'true' }, evaluated_permission: 'allow' };
      const { id } = server.session.emit(session, { type: 'agent.tool_use', ...call });
      const stop_reason = { type: 'requires_action', event_ids: [id] };
      server.session.emit(session, { type: 'session.status_idle', stop_reason, stop_details: null });
      return id;
    },
    retrieve: ({ id, environment_id }) => server.client.beta.environments.work.retrieve(id, { environment_id }),
    stop: ({ id, environment_id }, force, by = server.client) =>
      by.beta.environments.work.stop(id, { environment_id, ...(force !== undefined && { force }) }),
  };
}

const message = { type: 'user.message' as const, content: [{ type: 'text' as const, text: 'hi' }] };

/** What a request is refused with. */
export async function errorOf(request: Promise<unknown>): Promise<APIError> {
  const error: unknown = await request.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (!(error instanceof APIError)) throw new Error(`no API error: ${String(error)}`);
  return error;
}
