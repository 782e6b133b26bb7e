import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Anthropic from '@anthropic-ai/sdk';
import { openDataDirectory } from '../../src/bin/data-directory.js';
import { createDrover, ROOT } from '../support/drover-process.js';
import { temporalPid } from '../support/temporal-process.js';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'drover-quickstart-'));
});
afterEach(async () => {
  await createDrover({ dataDir }).remove();
  rmSync(dataDir, { recursive: true, force: true });
});

interface Run {
  child: ChildProcess;
  stdout: () => string;
  stderr: () => string;
  exit: Promise<number | null>;
}

function run(args: string[], env: Record<string, string> = {}): Run {
  const outer = Object.entries(process.env).filter(([name]) => !/^(DROVER|ANTHROPIC)_/.test(name));
  const child = spawn(
    process.execPath,
    [join(ROOT, 'bin/drover.js'), 'quickstart', '--data', dataDir, '--sandbox', 'bubblewrap', ...args],
    { env: { ...Object.fromEntries(outer), ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const exit = once(child, 'close').then(([code]) => code as number | null);
  return { child, stdout: () => stdout, stderr: () => stderr, exit };
}

async function until(fact: () => boolean): Promise<void> {
  while (!fact()) await sleep(10);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test('one task from nothing: says who plays the model, shows each step, leaves no server', async () => {
  const { exit, stdout, stderr } = run([]);
  expect(await exit).toBe(0);
  expect(stderr()).toBe('');
  const lines = stdout().split('\n');
  expect(lines[0]).toContain('SCRIPTED MODEL');
  expect(lines.filter((line) => /^(write|bash|edit) /.test(line)).map((line) => line.split(' ')[0])).toEqual([
    'write',
    'bash',
    'edit',
    'bash',
  ]);
  expect(stdout()).toContain('│ check failed: expected 639');
  expect(stdout()).toMatch(/^agent .*its check passes:$/m);
  expect(stdout()).toMatch(/^done +in \d+\.\d s: 5 model requests, 4 tool calls, [\d,]+ tokens in, \d+ out$/m);
  expect(stdout()).toContain(`npx drover serve --data ${dataDir}`);
  expect(temporalPid(dataDir)).toBeUndefined();
  openDataDirectory(dataDir).close();
});

test('--keep leaves the server running, and what it prints goes on with the session', async () => {
  const { exit, stdout } = run(['--keep']);
  expect(await exit).toBe(0);
  const [, url = '', pid = ''] = /runs on at (http:\S+) \(pid (\d+),/.exec(stdout()) ?? [];
  const [session = ''] = /sesn_\w+/.exec(stdout()) ?? [];
  expect(stdout()).toMatch(new RegExp(`http://127.0.0.1:\\d+/namespaces/default/workflows/${session}`));
  const posted = await shell(/^ +(curl \S+events -H .*\n.*-d .*)$/m.exec(stdout())?.[1]);
  expect(JSON.parse(posted)).toMatchObject({ data: [{ type: 'user.message' }] });
  const apiKey = readFileSync(join(dataDir, 'api-key'), 'utf8').trim();
  const { events } = new Anthropic({ apiKey, baseURL: url }).beta.sessions;
  const texts = async () => JSON.stringify((await events.list(session, { types: ['agent.message'] })).data);
  while (!(await texts()).includes('Done. The last result was:')) await sleep(50);
  expect(isAlive(Number(pid))).toBe(true);
  process.kill(Number(pid), 'SIGTERM');
  await until(() => !isAlive(Number(pid)));
  expect(temporalPid(dataDir)).toBeUndefined();
});

test('Ctrl-C stops everything', async () => {
  const { child, exit, stdout } = run([]);
  await until(() => stdout().includes('ready after'));
  child.kill('SIGINT');
  expect(await exit).toBe(130);
  expect(temporalPid(dataDir)).toBeUndefined();
  openDataDirectory(dataDir).close();
});

test('kill -9 leaves no server behind', async () => {
  const { child, exit, stdout } = run([]);
  await until(() => stdout().includes('ready after'));
  child.kill('SIGKILL');
  expect(await exit).toBeNull();
  await until(() => temporalPid(dataDir) === undefined);
});

test('a server that does not start: its reason, where its log is, exit code 1', async () => {
  const other = openDataDirectory(dataDir);
  const { exit, stderr } = run([]);
  expect(await exit).toBe(1);
  other.close();
  expect(stderr()).toMatch(/^quickstart failed: the server ended \(exit code 1\)\n.* is in use by another drover/);
  expect(stderr()).toContain(`its log: ${join(dataDir, 'quickstart.log')}`);
});

test('a fault in the configuration is told before anything is started', async () => {
  const { exit, stdout, stderr } = run(['--port', 'x']);
  expect(await exit).toBe(1);
  expect(stdout()).toBe('');
  expect(stderr()).toMatch(/^--port: must be a whole number/);
});

test('a turn that fails is a failure: an upstream that refuses the key', async () => {
  const upstream = createServer((_request, response) => {
    response.writeHead(401, { 'content-type': 'application/json' });
    response.end('{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}');
  });
  upstream.listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  // Listening on TCP, so not the path of a pipe.
  const { port } = upstream.address() as AddressInfo;
  const env = { ANTHROPIC_API_KEY: 'sk-wrong', DROVER_UPSTREAM_URL: `http://127.0.0.1:${port}` };
  const { exit, stdout, stderr } = run([], env);
  expect(await exit).toBe(1);
  upstream.close();
  expect(stdout()).toMatch(/^A real model, claude-/);
  expect(stdout()).toMatch(/^error .*invalid x-api-key/m);
  expect(stderr()).toMatch(/^quickstart failed: /);
});

async function shell(command = 'false'): Promise<string> {
  const child = spawn('bash', ['-c', command], { stdio: ['ignore', 'pipe', 'ignore'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await once(child, 'close');
  return output;
}
