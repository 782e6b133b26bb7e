import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Drover, ROOT, startDrover } from '../support/drover-process.js';
import { deadline } from '../support/patience.js';
import { temporalPid } from '../support/temporal-process.js';

const SCRIPT = [
  '/say Looking.',
  '/bash seq 1 9000; echo caf\u00e9',
  '/parallel [{"name":"glob","input":{"pattern":"*"}},{"name":"bash","input":{"command":"false"}}]',
];

let drover: Drover;
let sessionId: string;
beforeAll(async () => {
  // Histories of several runs: the first is full after a few steps.
  drover = await startDrover({ env: { DROVER_CONTINUE_AS_NEW_EVENTS: '40' } });
  const { agents, environments, sessions } = drover.client.beta;
  const agent = await agents.create({ name: 'a', model: 'scripted', tools: [{ type: 'agent_toolset_20260401' }] });
  const environment = await environments.create({ name: 'e' });
  sessionId = (await sessions.create({ agent: agent.id, environment_id: environment.id })).id;
  await turn(SCRIPT.join('\n'));
  // Larger than what history holds itself: read from a blob.
  await turn(`Hello. ${'long '.repeat(8_000)}`);
  await turn('/bash echo again');
});
afterAll(() => drover.remove());

async function turn(text: string): Promise<void> {
  const { events } = drover.client.beta.sessions;
  await events.send(sessionId, { events: [{ type: 'user.message', content: [{ type: 'text', text }] }] });
  const isDone = async () => {
    const { data } = await events.list(sessionId, { order: 'desc', limit: 1 });
    return data[0]?.type === 'session.status_idle';
  };
  while (!(await isDone())) await sleep(20);
}

interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

function log(command: string, ...args: string[]): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const program = [join(ROOT, 'bin/drover.js'), 'log', command, '--data', drover.dataDir, ...args];
  execFile(process.execPath, program, { maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
    resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
  });
  return promise;
}

/** What the server sends of the session, byte for byte, by hash: both lists, and the session but for its age. */
async function answers(): Promise<string[]> {
  const path = `/v1/sessions/${sessionId}`;
  const paths = [`${path}/events?order=asc&limit=1000`, `${path}/events?order=desc&limit=1000`, path];
  const texts = await Promise.all(paths.map(async (one) => (await drover.fetch(one)).text()));
  return texts.map((text) =>
    createHash('sha256')
      .update(text.replace(/"duration_seconds":[\d.]+/, ''))
      .digest('hex'),
  );
}

/** The same once they are as they were: a list is what has been read until then, on a slow machine not all at first. */
async function answersInTime(before: string[]): Promise<string[]> {
  const isOver = deadline(20_000);
  while (!isOver() && (await answers()).join() !== before.join()) await sleep(50);
  return answers();
}

function projection(sql: string): void {
  const db = new DatabaseSync(join(drover.dataDir, 'projection.db'), { timeout: 5_000 });
  db.prepare(sql).run();
  db.close();
}

test('show: the log from history alone, while the server runs', async () => {
  const { code, stdout, stderr } = await log('show', sessionId);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const lines = stdout.trimEnd().split('\n');
  lines.forEach((line, index) => expect(line).toMatch(new RegExp(`^ *${index + 1}  \\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z  `)));
  expect(lines[0]).toMatch(/user\.message +sevt_\w+  \(queued\) /);
  expect(lines[1]).toMatch(/\(processed\) +sevt_\w+$/);
  expect(lines.at(-1)).toContain('session.status_idle');
  const json = await log('show', sessionId, '--json');
  const entries = json.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { seq: number; event?: unknown });
  expect(entries.map(({ seq }) => seq)).toEqual(lines.map((_, index) => index + 1));
  expect(JSON.stringify(entries)).toContain('long '.repeat(8_000));
});

test('P1: history and projection agree, while the server runs', async () => {
  const { code, stdout } = await log('verify', sessionId);
  expect(stdout).toMatch(/^ok: \d+ entries, \d+ events listed, the same in history and projection\n$/);
  expect(code).toBe(0);
});

test('rebuild does not write below a running server', async () => {
  const { code, stderr } = await log('rebuild', sessionId);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^a drover runs on .* \(pid \d+\) .*: stop it, then try again, then start it\n$/);
});

test('a session or a directory that is not there', async () => {
  expect(await log('show', 'sesn_none')).toMatchObject({
    code: 1,
    stderr: 'Temporal has no history of a session sesn_none\n',
  });
  const elsewhere = await log('verify', sessionId, '--data', join(drover.dataDir, 'none'));
  expect(elsewhere).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('none is not a data directory of drover'),
  });
});

describe('with the server stopped', () => {
  let before: string[];
  beforeAll(async () => {
    before = await answers();
    await drover.stop();
  });

  test('show and verify start Temporal for themselves, and stop it', async () => {
    expect((await log('show', sessionId)).code).toBe(0);
    expect((await log('verify', sessionId)).stdout).toMatch(/^ok: /);
    expect(temporalPid(drover.dataDir)).toBeUndefined();
  });

  test('a changed, a lost and a misplaced row are found, and mended by a rebuild', async () => {
    projection(`update log set body = replace(body, 'Looking', 'Cooking') where type = 'agent.message'`);
    projection(`delete from log where type = 'session.usage'`);
    projection(`update session_states set state = replace(state, '"idle"', '"running"')`);
    const { code, stdout } = await log('verify', sessionId);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^entry \d+ \(agent\.message\) is not the same in the projection$/m);
    expect(stdout).toMatch(/^entry \d+ \(session\.usage\) is not in the projection$/m);
    expect(stdout).toMatch(/^event \d+ of the list is /m);
    expect(stdout).toMatch(/^the session’s status is "running", not "idle"$/m);
    expect(await log('rebuild', sessionId)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^rebuilt .* \d+ entries\n$/),
    });
    expect((await log('verify', sessionId)).stdout).toMatch(/^ok: /);
  });

  test('P1: without projection.db verify says so; rebuilt, every list is the same to the byte', async () => {
    for (const name of readdirSync(drover.dataDir)) {
      if (name.startsWith('projection.db')) rmSync(join(drover.dataDir, name));
    }
    const { code, stdout } = await log('verify', sessionId);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^the projection is behind: it lacks the last (\d+) of \1 entries/m);
    expect(existsSync(join(drover.dataDir, 'projection.db'))).toBe(false);
    await log('rebuild', sessionId);
    expect((await log('verify', sessionId)).stdout).toMatch(/^ok: /);
    await drover.start();
    expect(await answersInTime(before)).toEqual(before);
    await drover.stop();
  });

  test('P1: a server that finds no projection.db makes it again', async () => {
    for (const name of readdirSync(drover.dataDir)) {
      if (name.startsWith('projection.db')) rmSync(join(drover.dataDir, name));
    }
    await drover.start();
    expect(await answersInTime(before)).toEqual(before);
    await drover.stop();
  });
});
