import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { API_KEY, startTestServer, type TestServer } from '../support/app.js';
import { skillFiles } from '../support/skill-files.js';
import { storedFiles } from '../support/stored-files.js';

const UPLOADS = 10;
const BYTES = Buffer.alloc(20 * 1024 * 1024, 'x');

let server: TestServer;
beforeAll(async () => (server = await startTestServer()));
afterAll(() => server.stop());

test('skills that come in at the same time, and slowly, are not in memory, and hold up no other', async () => {
  const memory = process.memoryUsage().arrayBuffers;
  const sockets = await Promise.all(Array.from({ length: UPLOADS }, sendHalf));
  expect(process.memoryUsage().arrayBuffers - memory).toBeLessThan((UPLOADS / 2) * BYTES.length);
  expect((await storedFiles(server.filesDir)).filter((path) => path.includes('drafts'))).toHaveLength(UPLOADS);
  await server.client.beta.skills.create({ files: skillFiles('another') });
  for (const socket of sockets) socket.destroy();
  const deadline = Date.now() + 20_000;
  while ((await storedFiles(server.filesDir)).length > 1 && Date.now() < deadline) await sleep(10);
  expect(await storedFiles(server.filesDir)).toHaveLength(1);
});

/** A form whose end does not come; resolves when the rest is on its way. */
async function sendHalf(): Promise<Socket> {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  socket.write(
    `POST /v1/skills HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${API_KEY}\r\n` +
      `content-type: multipart/form-data; boundary=b\r\ncontent-length: ${BYTES.length + 1_000}\r\n\r\n` +
      `--b\r\ncontent-disposition: form-data; name="files[]"; filename="a/SKILL.md"\r\n\r\n`,
  );
  await new Promise((resolve) => socket.write(BYTES, resolve));
  return socket;
}
