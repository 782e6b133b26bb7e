import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { obtainTemporal } from '../../src/temporal/server/binary.js';
import { startTimeOf } from '../../src/temporal/server/embedded-identity.js';
import { boundServerLog } from '../../src/temporal/server/embedded-log.js';
import type { TemporalServer } from '../../src/temporal/server/embedded-server.js';
import { startTemporal } from '../../src/temporal/server/embedded.js';
import { connectExisting } from '../../src/temporal/server/namespace.js';
import { SEARCH_ATTRIBUTES } from '../../src/temporal/server/namespace-attributes.js';
import { TASK_QUEUE } from '../../src/temporal/task-queue.js';
import { newWorkerIdentity } from '../../src/temporal/worker-identity.js';
import { runSource } from './child.js';

const TEN_YEARS = 10 * 365 * 86_400;
const SOURCE = join(__dirname, '../../src/temporal/server/embedded.ts');

let binary: string;
let dataDir: string;
let lines: string[];
const servers: TemporalServer[] = [];
const log = (line: string) => void lines.push(line);

beforeAll(async () => {
  binary = (await obtainTemporal({ log: console.error })).path;
}, 300_000);

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'drover-temporal-'));
  lines = [];
});

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
  rmSync(dataDir, { recursive: true, force: true });
});

async function start(): Promise<TemporalServer> {
  const server = await startTemporal({ binary, dataDir, log });
  servers.push(server);
  return server;
}

/** Starts the server from a process that is then killed with -9. */
async function startAndDie(): Promise<{ pid: number; address: string }> {
  const child = runSource(
    `load(${JSON.stringify(SOURCE)})
       .startTemporal({ binary: ${JSON.stringify(binary)}, dataDir: ${JSON.stringify(dataDir)}, log: console.error })
       .then(({ pid, address }) => console.log(JSON.stringify({ pid, address })));
     setInterval(() => {}, 1000);`,
  );
  const started: unknown = JSON.parse(await child.line());
  await child.kill();
  // What the line above printed.
  return started as { pid: number; address: string };
}

async function onServer<T>(address: string, use: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address });
  try {
    return await use(connection);
  } finally {
    await connection.close();
  }
}

async function retention(address: string): Promise<number> {
  const { config } = await onServer(address, (it) => it.workflowService.describeNamespace({ namespace: 'default' }));
  return Number(config?.workflowExecutionRetentionTtl?.seconds);
}

async function shortenRetention(address: string): Promise<void> {
  const config = { workflowExecutionRetentionTtl: { seconds: 86_400 as never } };
  await onServer(address, (it) => it.workflowService.updateNamespace({ namespace: 'default', config }));
}

function restarted(server: TemporalServer): Promise<void> {
  return new Promise((resolve) => {
    server.onRestart(resolve);
  });
}

/** How many Temporal servers have this directory's database on their command line. */
function count(): number {
  const processes = execFileSync('sh', ['-c', 'cat /proc/[0-9]*/cmdline 2>/dev/null || true']).toString();
  return processes.split(`--db-filename\0${join(dataDir, 'temporal.db')}\0`).length - 1;
}

test('starts, keeps what is closed for ten years, knows our search attributes, and listens on loopback only', async () => {
  const server = await start();
  expect(await retention(server.address)).toBe(TEN_YEARS);
  const attributes = await onServer(server.address, (it) =>
    it.operatorService.listSearchAttributes({ namespace: 'default' }),
  );
  expect(Object.keys(attributes.customAttributes)).toEqual(expect.arrayContaining([...SEARCH_ATTRIBUTES]));
  expect((await fetch(server.uiUrl ?? '')).status).toBe(200);
  expect(server.address).toMatch(/^127\.0\.0\.1:\d+$/);
  expect(server.uiUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
});

test('P4: the server gets none of our environment', async () => {
  process.env['ANTHROPIC_API_KEY'] = 'sk-secret';
  const server = await start();
  delete process.env['ANTHROPIC_API_KEY'];
  expect(readFileSync(`/proc/${server.pid}/environ`, 'utf8')).not.toContain('sk-secret');
});

test('a server left behind by a kill -9 is adopted, not doubled', async () => {
  const left = await startAndDie();
  const server = await start();
  expect(server).toMatchObject(left);
  expect(count()).toBe(1);
  expect(lines.join()).toContain('going on with it');
  await server.stop();
  expect(startTimeOf(left.pid)).toBeUndefined();
});

test('one that was being started when the kill came is found too', async () => {
  const left = await startAndDie();
  const file = join(dataDir, 'temporal.json');
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), process: 'starting' }));
  expect(await start()).toMatchObject(left);
  expect(count()).toBe(1);
});

test('one that does not answer any more is replaced on the same address', async () => {
  const left = await startAndDie();
  process.kill(left.pid, 'SIGSTOP');
  const server = await start();
  expect(server.address).toBe(left.address);
  expect(server.pid).not.toBe(left.pid);
  expect(count()).toBe(1);
});

test('a record of a process that is another one by now is not believed', async () => {
  const first = await start();
  await first.stop();
  const bystander = spawn('sleep', ['60']);
  const file = join(dataDir, 'temporal.json');
  const stale = { pid: bystander.pid, startTime: '1', command: 'temporal' };
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), process: stale }));
  const server = await start();
  expect(server.address).toBe(first.address);
  expect(server.pid).not.toBe(bystander.pid);
  expect(bystander.exitCode).toBeNull();
  bystander.kill();
});

test('killed with -9 it comes back on the same address, as often as that happens', async () => {
  const server = await start();
  for (let i = 0; i < 2; i++) {
    const pid = server.pid ?? 0;
    const back = restarted(server);
    process.kill(pid, 'SIGKILL');
    await back;
    expect(server.pid).not.toBe(pid);
    expect(await retention(server.address)).toBe(TEN_YEARS);
  }
  expect(count()).toBe(1);
});

test('an adopted one comes back too', async () => {
  const left = await startAndDie();
  const server = await start();
  const back = restarted(server);
  process.kill(left.pid, 'SIGKILL');
  await back;
  expect(server.address).toBe(left.address);
});

test('stop ends it even while it is coming back', async () => {
  const server = await start();
  process.kill(server.pid ?? 0, 'SIGKILL');
  while (!lines.join().includes('starting it again')) await sleep(10);
  await server.stop();
  expect(count()).toBe(0);
});

test('the address outlives a stop, and so does the data; a shortened retention is mended', async () => {
  const first = await start();
  await shortenRetention(first.address);
  await first.stop();
  const second = await start();
  expect(second.address).toBe(first.address);
  expect(await retention(second.address)).toBe(TEN_YEARS);
});

test('a port that was taken meanwhile is exchanged for a free one', async () => {
  const first = await start();
  await first.stop();
  const thief = createServer().listen(Number(first.address.split(':')[1]), '127.0.0.1');
  await once(thief, 'listening');
  const second = await start();
  expect(second.address).not.toBe(first.address);
  thief.close();
});

test('a binary that does not serve is reported with the end of its log', async () => {
  const broken = join(dataDir, 'temporal');
  writeFileSync(broken, '#!/bin/sh\necho "no such luck"; exit 1\n', { mode: 0o755 });
  await expect(startTemporal({ binary: broken, dataDir, log })).rejects.toThrow(/did not start.*\n.*no such luck/s);
});

test('its log is cut before it grows without bound, with the part before kept', async () => {
  const path = join(dataDir, 'temporal.log');
  writeFileSync(path, 'x'.repeat(100));
  const stop = boundServerLog(dataDir, 50, 10);
  expect(statSync(path).size).toBe(0);
  expect(statSync(`${path}.1`).size).toBe(100);
  writeFileSync(path, 'y'.repeat(60));
  while (statSync(path).size > 0) await sleep(5);
  stop();
});

test('a server that is not ours is prepared likewise, and left running', async () => {
  const own = await start();
  await shortenRetention(own.address);
  const other = await connectExisting({ address: own.address, namespace: 'default', store: 'ours' }, log);
  await other.stop();
  expect(await retention(own.address)).toBe(TEN_YEARS);
  const nowhere = { address: own.address, namespace: 'nowhere', store: 'ours' };
  await expect(connectExisting(nowhere, log)).rejects.toThrow(/has no namespace nowhere/);
});

test('where another store is at work a start is refused', async () => {
  const { address } = await start();
  const connection = await Connection.connect({ address });
  const poll = (identity: string) =>
    connection.withDeadline(Date.now() + 2_500, () => {
      const taskQueue = { name: TASK_QUEUE };
      return connection.workflowService.pollWorkflowTaskQueue({ namespace: 'default', taskQueue, identity });
    });
  const open = (store: string) => connectExisting({ address, namespace: 'default', store }, log);
  // Nothing comes, and then they are over.
  await Promise.allSettled(['1@host of an older release', newWorkerIdentity('ours')].map(poll));
  await (await open('ours')).stop();
  await expect(open('theirs')).rejects.toThrow(/its id is ours\) is at work in namespace default/);
  await connection.close();
});

test('an address where nothing answers is named', async () => {
  const silent = { address: '127.0.0.1:1', namespace: 'default', store: 'ours' };
  await expect(connectExisting(silent, log)).rejects.toThrow(
    /DROVER_TEMPORAL_ADDRESS: no Temporal server answers at 127\.0\.0\.1:1/,
  );
});
