import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type Anthropic from '@anthropic-ai/sdk';
import { sql } from 'kysely';
import { createWebhookEndpoints } from '../../src/catalog/webhooks/endpoints.js';
import { WORKSPACE_EVENTS } from '../../src/catalog/webhooks/event-types.js';
import { createSessionAnnouncer, type SessionAnnouncer } from '../../src/catalog/webhooks/session-announcer.js';
import type { Database } from '../../src/storage/database.js';
import { openDatabase } from '../../src/storage/open.js';
import { openSecrets } from '../../src/vault/secrets.js';
import { dropDatabase, newDatabase } from '../support/database.js';

type Event = Anthropic.Beta.BetaWebhookEvent;

const SESSION = 'sesn_1';
const PRIMARY = 'sthr_1';
const WORKSPACE = 'wrkspc_default';

let dir: string;
let place: string;
let db: Database;
let announcer: SessionAnnouncer;
let now = 1_000_000;
let seq = 0;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'drover-announcer-'));
  place = await newDatabase(dir);
  db = await openDatabase(place);
  announcer = open();
  seq = 0;
  await insertSession();
});
afterEach(async () => {
  await announcer.close();
  await db.destroy();
  await dropDatabase(place);
  rmSync(dir, { recursive: true, force: true });
});

function open(
  onError = (_id: string, error: unknown): void => {
    throw error;
  },
): SessionAnnouncer {
  return createSessionAnnouncer({ db, courier: { outboxFilled() {} }, onError });
}

async function listen(enabled_events: readonly string[] = WORKSPACE_EVENTS) {
  const endpoints = createWebhookEndpoints({
    db,
    clock: () => now,
    now: () => now,
    secrets: openSecrets({ dataDir: dir, vaultKey: undefined, vaultNextKey: undefined }),
    courier: { endpointsChanged: () => announcer.refresh(), outboxFilled() {} },
    owner: WORKSPACE,
    types: WORKSPACE_EVENTS,
    allowPrivate: false,
  });
  return endpoints.create({ url: 'https://example.com/', enabled_events });
}

async function insertSession(): Promise<void> {
  const text = { agent: '{}', vault_ids: '[]' };
  const agent = { agent_id: 'agent_1', agent_version: 1, environment_id: 'env_1', self_hosted: 0, deployment_id: null };
  const times = { created_at: 1, started_at: 1, archived_at: null, deleted_at: null };
  await db
    .insertInto('sessions')
    .values({ id: SESSION, workspace: WORKSPACE, thread_id: PRIMARY, ...agent, ...text, ...times })
    .execute();
}

/** Puts an event into the projection, as the projector would. */
async function project(type: string, fields: object = {}): Promise<void> {
  seq += 1;
  now += 1;
  const event_id = `sevt_${seq}`;
  const body = JSON.stringify({ id: event_id, type, ...fields });
  const row = { thread: SESSION, seq, kind: 'event' as const, event_id, type, position: seq, processed_at: now, body };
  await db.insertInto('projection.log').values(row).execute();
  const thread = { thread: SESSION, run_id: 'r', token: null, last_event_id: seq, decoder: '{}', seq };
  await db
    .insertInto('projection.threads')
    .values(thread)
    .onConflict((conflict) => conflict.column('thread').doUpdateSet({ seq }))
    .execute();
  await db
    .insertInto('projection.session_states')
    .values({ session_id: SESSION, status: 'idle', state: '{}', updated_at: now })
    .onConflict((conflict) => conflict.column('session_id').doUpdateSet({ updated_at: now }))
    .execute();
}

/** What came into the outbox, which is then empty. */
async function sent(): Promise<Event[]> {
  const rows = await db.selectFrom('webhook_outbox').selectAll().orderBy('created_at').orderBy('body').execute();
  await db.deleteFrom('webhook_outbox').execute();
  return rows.map(({ body }) => JSON.parse(body) as Event);
}

const types = async () => (await sent()).map(({ data }) => data.type);

/** Once there is something in the outbox; after ten seconds what there is. */
async function later(): Promise<string[]> {
  const outbox = db.selectFrom('webhook_outbox').select('event_id');
  for (let tries = 0; tries < 500 && (await outbox.execute()).length === 0; tries++) await sleep(20);
  return types();
}

test('each entry that others want to know of is announced, once', async () => {
  await listen();
  const idle = { stop_reason: { type: 'end_turn' } };
  await project('user.message');
  await project('session.status_running');
  await project('session.thread_status_running', { session_thread_id: PRIMARY });
  await project('agent.message');
  await project('session.thread_status_idle', { session_thread_id: PRIMARY, ...idle });
  await project('session.usage');
  await project('session.status_idle', idle);
  await project('session.status_rescheduled');
  for (const result of ['needs_revision', 'satisfied']) await project('span.outcome_evaluation_end', { result });
  await project('session.updated', { title: 't' });
  await project('session.status_terminated');
  await announcer.catchUp();
  const events = await sent();
  expect(events.map(({ data }) => data.type)).toEqual([
    'session.status_run_started',
    'session.status_idled',
    'session.status_rescheduled',
    'session.outcome_evaluation_ended',
    'session.outcome_evaluation_ended',
    'session.updated',
    'session.status_terminated',
  ]);
  expect(events[0]?.data).toEqual({
    type: 'session.status_run_started',
    id: SESSION,
    organization_id: 'org_default',
    workspace_id: WORKSPACE,
  });
  await announcer.catchUp();
  expect(await types()).toEqual([]);
  await announcer.conclude(SESSION);
  expect(await types()).toEqual(['session.deleted']);
});

test('of threads only those that were begun by others', async () => {
  await listen();
  await project('session.thread_created', { session_thread_id: PRIMARY });
  await project('session.thread_created', { session_thread_id: 'sthr_2' });
  await project('session.thread_status_idle', { session_thread_id: 'sthr_2' });
  await project('session.thread_status_terminated', { session_thread_id: 'sthr_2' });
  await announcer.catchUp();
  expect((await sent()).map(({ data }) => data)).toEqual(
    ['created', 'idled', 'terminated'].map((verb) => ({
      type: `session.thread_${verb}`,
      id: SESSION,
      session_thread_id: 'sthr_2',
      organization_id: 'org_default',
      workspace_id: WORKSPACE,
    })),
  );
});

test('that a budget is reached is announced once for each budget', async () => {
  await listen(['session.budget_reached']);
  const reached = { stop_reason: { type: 'budget_reached' } };
  await project('session.status_idle', { stop_reason: { type: 'end_turn' }, note: '"budget_reached"' });
  await announcer.catchUp();
  expect(await types()).toEqual([]);
  await project('session.status_idle', reached);
  await project('session.status_idle', reached);
  await project('session.updated', { title: 'the "budget": more' });
  await project('session.status_idle', reached);
  await announcer.catchUp();
  expect(await types()).toEqual(['session.budget_reached']);
  await project('session.updated', { budget: { type: 'limit' } });
  await project('session.status_idle', reached);
  await announcer.catchUp();
  expect(await types()).toEqual(['session.budget_reached']);
});

test('what happened before an endpoint was made, or while it was disabled, is not for it', async () => {
  await project('session.status_running');
  now += 10;
  await listen(['session.status_run_started']);
  now += 10;
  await project('session.status_running');
  await announcer.catchUp();
  expect(await sent()).toHaveLength(1);
});

test('a projection that was dropped and made again announces nothing, and what is new is announced', async () => {
  await listen(['session.status_run_started']);
  await project('session.status_running');
  await project('session.status_idle', { stop_reason: { type: 'end_turn' } });
  await announcer.catchUp();
  const [first] = await sent();
  const log = await db.selectFrom('projection.log').selectAll().execute();
  await db.deleteFrom('projection.log').execute();
  await announcer.catchUp();
  await db.insertInto('projection.log').values(log).execute();
  announcer = open();
  await announcer.refresh();
  await announcer.catchUp();
  expect(await sent()).toEqual([]);
  await project('session.status_running');
  await announcer.catchUp();
  const [second] = await sent();
  expect(second?.id).toMatch(/^whe_/);
  expect(second?.id).not.toBe(first?.id);
});

test('the same entry has the same id, whoever announces it', async () => {
  await listen(['session.status_run_started']);
  await project('session.status_running');
  await announcer.catchUp();
  const [first] = await sent();
  await db.deleteFrom('webhook_cursors').execute();
  await announcer.catchUp();
  expect(await sent()).toEqual([first]);
});

test('of a session whose creation has not ended nothing is announced until it has', async () => {
  await listen(['session.status_run_started', 'session.deleted']);
  await db.updateTable('sessions').set({ started_at: null }).execute();
  await project('session.status_running');
  announcer.note(SESSION, 'session.status_running');
  await sleep(100);
  expect(await sent()).toEqual([]);
  await db.updateTable('sessions').set({ started_at: 2 }).execute();
  expect(await later()).toEqual(['session.status_run_started']);
});

test('the same of what a start finds: a creation that is completed later', async () => {
  await listen(['session.status_run_started']);
  await db.updateTable('sessions').set({ started_at: null }).execute();
  await project('session.status_running');
  await announcer.catchUp();
  expect(await sent()).toEqual([]);
  await db.updateTable('sessions').set({ started_at: 2 }).execute();
  expect(await later()).toEqual(['session.status_run_started']);
});

test('what the database refuses at a start is announced when it does not any more', async () => {
  const errors: string[] = [];
  announcer = open((id) => void errors.push(id));
  await listen(['session.status_run_started']);
  await project('session.status_running');
  await sql`alter table webhook_cursors rename to away`.execute(db);
  // It can be read, so the session is found, and not be written.
  await sql`create view webhook_cursors as select 'sesn_2' as session_id, 0 as seq`.execute(db);
  await announcer.catchUp();
  expect(errors).toContain(SESSION);
  await sql`drop view webhook_cursors`.execute(db);
  await sql`alter table away rename to webhook_cursors`.execute(db);
  expect(await later()).toEqual(['session.status_run_started']);
});

test('P9: a log is read on from where it was read, also when nobody wanted to hear of what was in it', async () => {
  await listen(['session.deleted']);
  await project('session.status_running');
  await project('session.status_idle', { stop_reason: { type: 'end_turn' } });
  await project('session.usage');
  await announcer.catchUp();
  expect(await sent()).toEqual([]);
  expect(await db.selectFrom('webhook_cursors').selectAll().execute()).toEqual([{ session_id: SESSION, seq }]);
});

test('of a workspace that wants to hear nothing no log is read', async () => {
  await listen(['session.status_run_started']);
  await db.updateTable('webhook_endpoints').set({ workspace: 'wrkspc_other' }).execute();
  await announcer.refresh();
  await project('session.status_running');
  announcer.note(SESSION, 'session.status_running');
  await announcer.catchUp();
  await announcer.conclude(SESSION);
  expect(await db.selectFrom('webhook_cursors').selectAll().execute()).toEqual([]);
  expect(await sent()).toEqual([]);
});

test('a session whose creation is undone was never there', async () => {
  await listen(['session.status_run_started', 'session.deleted']);
  await db.updateTable('sessions').set({ started_at: null, deleted_at: 3 }).execute();
  await project('session.status_running');
  await announcer.conclude(SESSION);
  expect(await sent()).toEqual([]);
});

test('without an endpoint nothing is read or written', async () => {
  await project('session.status_running');
  await announcer.refresh();
  announcer.note(SESSION, 'session.status_running');
  await announcer.catchUp();
  await announcer.conclude(SESSION);
  expect(await db.selectFrom('webhook_cursors').selectAll().execute()).toEqual([]);
  expect(await sent()).toEqual([]);
});
