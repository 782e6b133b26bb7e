import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { SessionEvent } from '../../src/session/session.js';
import { type ChaosSession, sessionOf, waitUntil } from '../chaos/chaos-session.js';
import { textOf } from '../chaos/log-checks.js';
import { type Drover, startDrover } from '../support/drover-process.js';
import { type EnvironmentWorker, startEnvironmentWorker } from '../support/environment-worker.js';
import { freePort } from '../support/free-port.js';
import { openQueue, type Queue } from '../support/work.js';
import { allow, asking } from './answers.js';
import { only } from './session.js';

/*
 * Sessions whose tools run elsewhere: the SDK's EnvironmentWorker as it is, in processes of its own, at the server as it
 * is started, with the scripted model.
 */
const PATIENCE_MS = 40_000;

let drover: Drover;
let queue: Queue;
const workers: EnvironmentWorker[] = [];
beforeAll(async () => {
  drover = await startDrover({ port: await freePort() });
});
beforeEach(async () => {
  queue = await openQueue(drover.url, drover.client);
});
afterEach(async () => {
  for (const worker of workers.splice(0)) {
    await worker.kill();
    rmSync(worker.workdir, { recursive: true, force: true });
  }
});
afterAll(() => drover.remove());

function startWorker(before?: EnvironmentWorker): EnvironmentWorker {
  const { environment_id, key } = queue;
  const directory = before && { workdir: before.workdir };
  const worker = startEnvironmentWorker({ url: drover.url, environment_id, key, ...directory });
  workers.push(worker);
  return worker;
}

async function open(
  script: string,
  tools = [{ type: 'agent_toolset_20260401' as const }] as Tools,
): Promise<ChaosSession> {
  const agent = await drover.client.beta.agents.create({ name: 'Worker', model: 'claude-opus-5-5', tools });
  const { id } = await drover.client.beta.sessions.create({
    agent: agent.id,
    environment_id: queue.environment_id,
    initial_events: [{ type: 'user.message', content: [{ type: 'text', text: script }] }],
  });
  return sessionOf(drover, id);
}

type Tools = ReturnType<typeof asking>[];

const isOver = (list: SessionEvent[]): boolean => {
  const last = list.at(-1);
  return last?.type === 'session.status_idle' && last.stop_reason.type === 'end_turn';
};
const end = (session: ChaosSession) => session.until(isOver, 'its turn is over', PATIENCE_MS);
const results = (list: SessionEvent[]) => only(list, 'user.tool_result').map(textOf);
const fileOf = ({ workdir }: EnvironmentWorker, name = 'runs'): string => {
  const path = join(workdir, name);
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
};
const hasRun = (worker: EnvironmentWorker, line: string) =>
  waitUntil(() => fileOf(worker).includes(line), `the command has written ${line}`, PATIENCE_MS);

/** The worker is dead, and so long passes in an instant that it is missed. */
async function bury(worker: EnvironmentWorker): Promise<void> {
  await worker.kill();
  const db = new DatabaseSync(join(drover.dataDir, 'catalog.db'), { timeout: 5_000 });
  db.exec('update work_items set lease_until = 1 where lease_until is not null');
  db.close();
}

const run = (name: string, meanwhile = 'true'): string => `/bash echo ${name} >>runs; ${meanwhile}; echo ${name} done`;
/** For as long as the test needs, and a minute at most: its worker may be dead by then. */
const WAIT = 'for i in {1..1200}; do [ -e go ] && break; sleep 0.05; done';
const letGo = ({ workdir }: EnvironmentWorker): void => writeFileSync(join(workdir, 'go'), '');

test('P5: the SDK’s EnvironmentWorker runs the calls of a session, turn for turn, and none runs here', async () => {
  const worker = startWorker();
  const write = { file_path: 'note.txt', content: 'one\ntwo\n' };
  const session = await open(
    [
      run('first'),
      `/tool write ${JSON.stringify(write)}`,
      `/parallel ${JSON.stringify([
        { name: 'read', input: { file_path: 'note.txt' } },
        { name: 'grep', input: { pattern: 'two' } },
      ])}`,
      '/bash (exit 3)',
      '/say Done.',
    ].join('\n'),
  );
  const list = await end(session);
  expect(only(list, 'agent.tool_result')).toEqual([]);
  expect(results(list)).toEqual([
    expect.stringContaining('first done'),
    expect.stringContaining('wrote 8 bytes'),
    expect.stringContaining('one\ntwo'),
    expect.stringContaining('two'),
    expect.stringContaining('exit 3'),
  ]);
  expect(only(list, 'user.tool_result').map(({ is_error }) => is_error === true)).toEqual([
    false,
    false,
    false,
    false,
    true,
  ]);
  const waits = only(list, 'session.status_idle').map(({ stop_reason }) => stop_reason.type);
  expect(new Set(waits.slice(0, -1))).toEqual(new Set(['requires_action']));
  expect(fileOf(worker, 'note.txt')).toBe('one\ntwo\n');
  expect(existsSync(join(drover.dataDir, 'sandboxes', session.id))).toBe(false);

  // It is let go of once it is idle, and has a worker again with the next message.
  const { work } = drover.client.beta.environments;
  const items = () => queue.worker.beta.environments.work.list(queue.environment_id).then(({ data }) => data);
  await waitUntil(async () => (await items())[0]?.state === 'stopped', 'its work item is stopped', PATIENCE_MS);
  await session.send(`${run('again')}\n/say Done.`);
  await session.until(
    (events) => results(events).length === 6 && isOver(events),
    'the second turn is over',
    PATIENCE_MS,
  );
  expect((await items()).map(({ data }) => data.id)).toEqual([session.id, session.id]);
  expect(await work.stats(queue.environment_id)).toMatchObject({ depth: 0, pending: 0, workers_polling: 1 });
});

test('P3: a worker is killed -9 in a command: another takes over what has no answer, and nothing else', async () => {
  const first = startWorker();
  const session = await open([run('one'), run('two', WAIT), '/say Done.'].join('\n'));
  await hasRun(first, 'two');
  await bury(first);
  letGo(first);
  const second = startWorker(first);
  const list = await end(session);
  expect(results(list)).toEqual(['one done', 'two done'].map((text) => expect.stringContaining(text)));
  expect(fileOf(second)).toBe('one\ntwo\ntwo\n');
});

test('P3: drover is killed -9 while a worker runs a command: it runs once, and its result arrives', async () => {
  const worker = startWorker();
  const session = await open([run('one'), run('two', WAIT), run('three'), '/say Done.'].join('\n'));
  await hasRun(worker, 'two');
  await drover.kill();
  await drover.start();
  letGo(worker);
  const list = await end(session);
  expect(results(list)).toEqual(['one done', 'two done', 'three done'].map((text) => expect.stringContaining(text)));
  expect(fileOf(worker)).toBe('one\ntwo\nthree\n');
});

test('P3: a call that was interrupted is run by no worker that comes later', async () => {
  const first = startWorker();
  const session = await open([run('one', WAIT), '/say Done.'].join('\n'));
  await hasRun(first, 'one');
  await bury(first);
  await session.interrupt();
  const [result] = only(await end(session), 'user.tool_result');
  expect(result).toMatchObject({ is_error: true });
  expect(textOf(result)).toContain('interrupted');
  letGo(first);
  const second = startWorker(first);
  await session.send(`${run('two')}\n/say Done.`);
  await session.until(
    (events) => results(events).length === 2 && isOver(events),
    'the second turn is over',
    PATIENCE_MS,
  );
  expect(fileOf(second)).toBe('one\ntwo\n');
});

test('a call that asks is run by the worker once it is allowed', async () => {
  const worker = startWorker();
  const session = await open([run('one'), '/say Done.'].join('\n'), [asking('bash')]);
  const list = await session.until((events) => only(events, 'session.status_idle').length === 1, 'it asks');
  const [use] = only(list, 'agent.tool_use');
  expect(use).toMatchObject({ evaluated_permission: 'ask' });
  const early = { type: 'user.tool_result', tool_use_id: use?.id ?? '' } as const;
  await expect(session.post(early)).rejects.toThrow(/waits for its confirmation/);
  expect(fileOf(worker)).toBe('');
  await session.post(allow(use?.id ?? ''));
  expect(results(await end(session))).toEqual([expect.stringContaining('one done')]);
  expect(fileOf(worker)).toBe('one\n');
});
