import { getEventListeners } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createFileBlobs } from '../../src/session/blobs.js';
import { createBus, type Bus } from '../../src/session/bus.js';
import { createFreshness, createSessionLog } from '../../src/session/log.js';
import { erase } from '../../src/session/projection.js';
import { createProjector, type Projector } from '../../src/session/projector.js';
import type { SessionEvent } from '../../src/session/session.js';
import type { Database } from '../../src/storage/database.js';
import { openDatabase } from '../../src/storage/open.js';
import { createHistoryReader } from '../../src/temporal/history.js';
import { startWire, type Wire } from '../wire/server.js';
import { listAll, openTalk, talkTo, type Talk } from '../wire/session.js';
import { troubled, type Trouble } from './reader.js';

let wire: Wire;
let talk: Talk;
let dir: string;
let db: Database;
let bus: Bus;
let projector: Projector;
let errors: string[];

beforeAll(async () => {
  // Several runs to read, not one.
  wire = await startWire({ DROVER_CONTINUE_AS_NEW_EVENTS: '25' });
  const overloaded = { error: { status: 529, headers: { 'retry-after-ms': '1' } } };
  talk = await openTalk(wire, {
    tools: true,
    replies: [{}, { blocks: [{ type: 'tool_use', name: 'bash', input: { command: 'echo hi' } }] }],
  });
  await talk.turn('one');
  await talk.turn('z'.repeat(40_000));
  talk.script(overloaded);
  await talk.turn('three');
  await wire.client.beta.sessions.update(talk.id, { title: 'new' });
  await talk.turn('four', 'five');
}, 300_000);

afterAll(() => wire.stop());

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'drover-projector-'));
  db = await openDatabase(dir);
  bus = createBus();
  projector = project();
});

afterEach(async () => {
  await projector.close();
  await db.destroy();
  rmSync(dir, { recursive: true, force: true });
});

/** A projector of our own beside the server's, over the same Temporal. */
function project(trouble: Partial<Trouble> = {}): Projector {
  errors = [];
  return createProjector({
    db,
    history: troubled(createHistoryReader(wire.temporal), trouble),
    blobs: createFileBlobs(join(wire.dataDir, 'blobs')),
    bus,
    onError: (_, error) => void errors.push(String(error)),
  });
}

/** As a process does that has just been started. */
async function readAnew(): Promise<void> {
  await projector.close();
  projector = project();
}

async function listHere(id = talk.id): Promise<SessionEvent[]> {
  const log = createSessionLog(db, bus, createFreshness(projector));
  return (await log.getEvents(id, { order: 'asc', limit: 1_000 })).events;
}

async function seqOf(id: string): Promise<number> {
  const row = await db.selectFrom('projection.threads').select('seq').where('thread', '=', id).executeTakeFirst();
  return row?.seq ?? 0;
}

test('P1: what another reader makes of the history is byte-identical, over all its runs', async () => {
  const { raw } = await wire.temporal.workflow.getHandle(talk.id).describe();
  expect(raw.workflowExecutionInfo?.firstRunId).not.toBe(raw.workflowExecutionInfo?.execution?.runId);
  expect(JSON.stringify(await listHere())).toBe(JSON.stringify(await talk.list()));
  expect(await rowsOf()).toEqual(await rowsOfServer());
});

test('P1: a projection that was dropped is made again, byte-identical', async () => {
  const before = JSON.stringify(await talk.list());
  const session = await wire.client.beta.sessions.retrieve(talk.id);
  await wire.restart(() => {
    for (const suffix of ['', '-wal', '-shm']) rmSync(join(wire.dataDir, `projection.db${suffix}`), { force: true });
  });
  expect(JSON.stringify(await listAll(wire, talk.id))).toBe(before);
  const stats = { ...session.stats, duration_seconds: expect.any(Number) };
  expect(await wire.client.beta.sessions.retrieve(talk.id)).toEqual({ ...session, stats });
  talk = await talkTo(wire, talk.id, talk.model);
});

test('a hint may come before the commit: what it promised is there as soon as it is committed', async () => {
  const own = await openTalk(wire);
  await projector.catchUp(own.id);
  const seen: string[] = [];
  bus.subscribe(own.id, { onEvent: ({ type }) => void seen.push(type), onPreview: () => {} });
  projector.hint(own.id, 2);
  await sleep(300);
  expect(seen).toEqual([]);
  const reached = projector.reach(own.id, 2);
  await own.send('hi');
  await reached;
  expect(seen.slice(0, 2)).toEqual(['user.message', 'user.message']);
});

test('a hint in vain is forgotten, and nothing is lost by it', async () => {
  await projector.close();
  projector = project({ patienceMs: 200 });
  const own = await openTalk(wire);
  await projector.catchUp(own.id);
  projector.hint(own.id, 1_000);
  await expect(projector.reach(own.id, 1_000)).rejects.toThrow('has not reached entry 1000 in time');
  await own.turn('hi');
  expect(await listHere(own.id)).toEqual(await own.list());
});

test('a hint that comes while a read ends empty is not forgotten with the hint before it', async () => {
  await projector.close();
  const own = await openTalk(wire);
  const emptied = Promise.withResolvers<void>();
  const onEmpty = (): void => {
    projector.hint(own.id, 2);
    emptied.resolve();
  };
  projector = project({ patienceMs: 3_000, onEmpty });
  await projector.catchUp(own.id);
  projector.hint(own.id, 1);
  await emptied.promise;
  await own.turn('hi');
  await until(async () => (await seqOf(own.id)) >= 2);
  expect(await listHere(own.id)).toEqual(await own.list());
});

test('a hint in any of the microtasks around the end of a read is heeded', async () => {
  const seq = (await rowsOfServer()).length;
  for (let hops = 0; hops <= 40; hops += 1) {
    await erase(db, talk.id);
    await readAnew();
    // The first page is all that is asked for; the hint of the rest comes so many microtasks after it was published.
    const published = Promise.withResolvers<void>();
    const end = bus.subscribe(talk.id, { onEvent: () => published.resolve(), onPreview: () => {} });
    const reached = projector.reach(talk.id, 1);
    await published.promise;
    for (let hop = 0; hop < hops; hop += 1) await Promise.resolve();
    projector.hint(talk.id, seq);
    await reached;
    await until(async () => (await seqOf(talk.id)) === seq);
    end();
  }
  expect(await listHere()).toEqual(await talk.list());
});

test('what cannot be read now is read later', async () => {
  await projector.close();
  projector = project({ failures: 2 });
  await projector.catchUp(talk.id);
  expect(errors).toEqual(['Error: the server is away', 'Error: the server is away']);
  expect(await listHere()).toEqual(await talk.list());
});

test('hints, waits and catching up at once read each entry once', async () => {
  const published: string[] = [];
  bus.subscribe(talk.id, {
    onEvent: ({ id, processed_at }) => void published.push(`${id} ${processed_at}`),
    onPreview: () => {},
  });
  const seq = (await rowsOfServer()).length;
  projector.hint(talk.id, 3);
  const all = [projector.reach(talk.id, seq), projector.catchUp(talk.id), projector.catchUp(talk.id)];
  projector.hint(talk.id, seq);
  await Promise.all(all);
  expect(new Set(published).size).toBe(published.length);
  expect(await seqOf(talk.id)).toBe(seq);
});

test('closing does not wait for what may never come', async () => {
  const own = await openTalk(wire);
  projector.hint(own.id, 1_000);
  const waiting = projector.reach(own.id, 1_000).catch(String);
  await sleep(300);
  const from = Date.now();
  await projector.close();
  expect(Date.now() - from).toBeLessThan(1_000);
  expect(await waiting).toContain('has not reached entry 1000');
  projector.hint(own.id, 2_000);
});

test('what was ended is read no more, though its history is there: nothing of it comes back', async () => {
  const early = [projector.catchUp(talk.id), projector.reach(talk.id, 1).catch(() => {})];
  await projector.end(talk.id);
  await erase(db, talk.id);
  await Promise.all([...early, projector.catchUp(talk.id)]);
  await expect(projector.reach(talk.id, 1)).rejects.toThrow('has not reached entry 1');
  expect(await rowsOf()).toEqual([]);
});

test('a page token that the server refuses costs reading the run again, nothing else', async () => {
  await projector.catchUp(talk.id);
  const before = await rowsOf();
  const garbage = new Uint8Array(Buffer.from('not a token of any server'));
  await db.updateTable('projection.threads').set({ token: garbage }).where('thread', '=', talk.id).execute();
  await readAnew();
  await talk.turn('after the token was lost');
  await projector.catchUp(talk.id);
  expect(errors).toEqual([]);
  expect((await rowsOf()).slice(0, before.length)).toEqual(before);
  expect(await listHere()).toEqual(await talk.list());
});

test('of a thread that Temporal does not know there is nothing', async () => {
  await projector.catchUp('sesn_unknown');
  expect(await listHere('sesn_unknown')).toEqual([]);
  await expect(projector.reach('sesn_unknown', 1)).rejects.toThrow('has not reached entry 1');
});

test('a workflow that was terminated from outside ends in session.status_terminated', async () => {
  const own = await openTalk(wire);
  await own.turn('hi');
  await wire.temporal.workflow.getHandle(own.id).terminate('by hand');
  await projector.catchUp(own.id);
  const list = await listHere(own.id);
  expect(list.at(-1)).toMatchObject({ type: 'session.status_terminated', processed_at: expect.any(String) });
  expect(list.slice(0, -1)).toEqual(await own.list());
  // Read again from the start it has the same id and time.
  await erase(db, own.id);
  await readAnew();
  await projector.catchUp(own.id);
  expect(await listHere(own.id)).toEqual(list);
});

const PATIENCE_MS = 5_000;

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error('It did not come to be so in time.');
    await sleep(5);
  }
}

function rowsOf(from: Database = db): Promise<object[]> {
  return from.selectFrom('projection.log').selectAll().where('thread', '=', talk.id).orderBy('seq').execute();
}

async function rowsOfServer(): Promise<object[]> {
  const server = await openDatabase(wire.dataDir);
  try {
    return await rowsOf(server);
  } finally {
    await server.destroy();
  }
}

test('a read that is done is let go of, however long its signal lives', async () => {
  const reader = createHistoryReader(wire.temporal);
  const { signal } = new AbortController();
  const runId = (await reader.firstRun(talk.id)) ?? '';
  expect((await reader.read(talk.id, runId, null, signal)).events.length).toBeGreaterThan(0);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});
