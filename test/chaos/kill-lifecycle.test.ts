import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { NotFoundError } from '@anthropic-ai/sdk';
import { type Drover, startDrover } from '../support/drover-process.js';
import { makeParts, openSession, sessionOf, waitUntil } from './chaos-session.js';
import { checkList, checkNumbers, ofType, textOf } from './log-checks.js';

let drover: Drover;
beforeAll(async () => {
  drover = await startDrover();
});
afterAll(() => drover.remove());

/** Sends a request, kills drover that many milliseconds later, starts it again; whether the request was acknowledged. */
async function killDuring<T>(request: () => Promise<T>, ms: number): Promise<{ answer: T | undefined }> {
  const answered = request().catch(() => undefined);
  await sleep(ms);
  await drover.kill();
  const answer = await answered;
  await drover.start();
  return { answer };
}

const MOMENTS = [6, 15, 30];

describe('drover killed -9 while a session is created', () => {
  it.each(MOMENTS)('leaves a whole session or none (killed after %d ms)', async (ms) => {
    const parts = await makeParts(drover.client);
    const before = await listIds();
    const content = [{ type: 'text', text: '/bash echo run >>runs; sleep 2; echo printed' }] as const;
    const create = () =>
      drover.client.beta.sessions.create({
        ...parts,
        initial_events: [{ type: 'user.message', content: [...content] }],
      });
    const { answer } = await killDuring(create, ms);
    await waitUntil(() => unfinishedSessions() === 0, 'no session is half made');
    const made = (await listIds()).filter((id) => !before.includes(id));
    expect(made.length).toBeLessThanOrEqual(1);
    expect(answer === undefined || answer.id === made[0]).toBe(true);
    for (const id of made) {
      const session = sessionOf(drover, id);
      const list = await session.untilIdle();
      checkList(list);
      checkNumbers(drover.dataDir, id);
      expect(ofType(list, 'agent.tool_result').map(textOf)).toEqual(['printed']);
      expect(session.file('runs')).toBe('run\n');
    }
  });
});

describe('drover killed -9 while a session is deleted', () => {
  it.each(MOMENTS)('leaves the whole session or nothing of it (killed after %d ms)', async (ms) => {
    const session = await openSession(drover, '/bash echo run >>runs');
    await session.untilIdle();
    const raw = await session.rawList();
    const { answer } = await killDuring(() => drover.client.beta.sessions.delete(session.id), ms);
    await waitUntil(() => unfinishedSessions() === 0, 'no session is half deleted');
    const left = (await listIds()).includes(session.id);
    expect(answer !== undefined && left).toBe(false);
    expect(left ? await session.rawList() : raw).toBe(raw);
    if (left) await drover.client.beta.sessions.delete(session.id);
    await expect(session.events()).rejects.toThrow(NotFoundError);
    expect(existsSync(dirname(session.workspace))).toBe(false);
    expect(rowsOf('projection.db', 'select seq from log where thread = ?', session.id)).toBe(0);
  });
});

describe('drover killed -9 while a session is archived', () => {
  it.each(MOMENTS)('leaves it archived or not, and in the end once (killed after %d ms)', async (ms) => {
    const session = await openSession(drover, '/say hello');
    await session.untilIdle();
    const archive = () => drover.client.beta.sessions.archive(session.id);
    const { answer } = await killDuring(archive, ms);
    const { archived_at, status } = await drover.client.beta.sessions.retrieve(session.id);
    expect(answer === undefined || archived_at !== null).toBe(true);
    expect(status).toBe(archived_at === null ? 'idle' : 'terminated');
    expect((await archive()).archived_at).toEqual(expect.any(String));
    const list = await session.events();
    expect(ofType(list, 'session.status_terminated')).toHaveLength(1);
    expect(list.at(-1)?.type).toBe('session.status_terminated');
    checkNumbers(drover.dataDir, session.id);
  });
});

describe('drover killed -9 while a message is posted', () => {
  it.each(MOMENTS)('keeps it once when it was acknowledged, and else once or not (killed after %d ms)', async (ms) => {
    const session = await openSession(drover, '/say hello');
    await session.untilIdle();
    const { answer } = await killDuring(async () => {
      await session.send('/bash echo run >>runs; echo printed');
      return true;
    }, ms);
    // One that was on its way may still arrive: that takes no longer than the deadline of a request.
    await session.send('/say last');
    const list = await session.untilIdle(2);
    checkList(list);
    checkNumbers(drover.dataDir, session.id);
    const posted = ofType(list, 'user.message')
      .map(textOf)
      .filter((text) => text.startsWith('/bash'));
    expect(posted.length).toBeLessThanOrEqual(1);
    expect(posted.length === 1 || answer === undefined).toBe(true);
    expect(ofType(list, 'agent.tool_use').length).toBeLessThanOrEqual(posted.length);
    expect(session.file('runs')).toBe('run\n'.repeat(ofType(list, 'agent.tool_use').length));
  });
});

async function listIds(): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of drover.client.beta.sessions.list({ include_archived: true })) ids.push(id);
  return ids;
}

function unfinishedSessions(): number {
  return rowsOf('catalog.db', 'select id from sessions where started_at is null or deleted_at is not null');
}

function rowsOf(file: string, query: string, ...values: string[]): number {
  const db = new DatabaseSync(join(drover.dataDir, file), { readOnly: true, timeout: 5_000 });
  try {
    return db.prepare(query).all(...values).length;
  } finally {
    db.close();
  }
}
