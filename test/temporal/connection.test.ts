import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectClient } from '../../src/temporal/connection.js';
import { obtainTemporal } from '../../src/temporal/server/binary.js';
import { startTemporal } from '../../src/temporal/server/embedded.js';

/** No pause between two attempts of a call is longer. */
const PAUSE_MS = 1_200;

test('a connection is closed while a call is to be tried again: the call fails, and nothing comes after', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'drover-connection-'));
  const { path: binary } = await obtainTemporal({ log: console.error });
  const server = await startTemporal({ binary, dataDir, log: console.error });
  const client = await connectClient(server.address, 'default');
  await server.stop();
  const call = client.workflow.getHandle('none').describe();
  const outcome = call.then(
    () => 'answered',
    () => 'failed',
  );
  // In the midst of its attempts.
  await sleep(300);
  await client.connection.close();
  expect(await outcome).toBe('failed');
  // An attempt on a closed connection would throw in a timer, which jest tells as a failure of this file.
  await sleep(PAUSE_MS);
  rmSync(dataDir, { recursive: true, force: true });
});
