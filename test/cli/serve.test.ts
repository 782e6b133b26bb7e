import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { createDrover, ROOT } from '../support/drover-process.js';
import { temporalPid } from '../support/temporal-process.js';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'drover-refused-'));
});
afterEach(async () => {
  await createDrover({ dataDir }).remove();
  rmSync(dataDir, { recursive: true, force: true });
});

function serve(...args: string[]): Promise<{ code: number; stderr: string }> {
  const { promise, resolve } = Promise.withResolvers<{ code: number; stderr: string }>();
  const env = { ...process.env, DROVER_SANDBOX_IMAGE: 'drover-no-such-image:none' };
  execFile(
    process.execPath,
    [join(ROOT, 'bin/drover.js'), 'serve', '--data', dataDir, '--model', 'scripted', ...args],
    { env },
    (error, _stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), stderr }),
  );
  return promise;
}

test('no sandbox: the reason on one line, and nothing runs on', async () => {
  const { code, stderr } = await serve('--port', '0', '--sandbox', 'docker');
  expect(code).toBe(1);
  expect(stderr).toMatch(/^commands cannot be run: no sandbox can run here\. docker: .*$/m);
  expect(stderr).not.toMatch(/^ +at /m);
  expect(temporalPid(dataDir)).toBeUndefined();
});

test('a port that is taken: the reason on one line, and nothing runs on', async () => {
  const other = createServer();
  other.listen(0, '127.0.0.1');
  await once(other, 'listening');
  // Listening on TCP, so not the path of a pipe.
  const { port } = other.address() as AddressInfo;
  const { code, stderr } = await serve('--port', String(port), '--sandbox', 'bubblewrap');
  other.close();
  expect(code).toBe(1);
  expect(stderr).toMatch(new RegExp(`^cannot listen on 127\\.0\\.0\\.1:${port}: .*EADDRINUSE`, 'm'));
  expect(stderr).not.toMatch(/^ +at /m);
  expect(temporalPid(dataDir)).toBeUndefined();
});
