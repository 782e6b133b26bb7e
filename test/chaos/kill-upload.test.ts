import { connect } from 'node:net';
import { join } from 'node:path';
import { type Drover, startDrover } from '../support/drover-process.js';
import { storedFiles } from '../support/stored-files.js';
import { waitUntil } from './chaos-session.js';

let drover: Drover;
beforeAll(async () => {
  drover = await startDrover();
});
afterAll(() => drover.remove());

test('killed in the middle of an upload, drover leaves no half file, and what was there is there', async () => {
  const directory = join(drover.dataDir, 'files');
  const whole = await drover.client.beta.files.upload({ file: new File(['whole'], 'whole.txt') });
  const kept = await storedFiles(directory);
  expect(kept).toHaveLength(1);

  const { hostname, port } = new URL(drover.url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {});
  socket.write(
    `POST /v1/files HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${drover.apiKey}\r\n` +
      `content-type: multipart/form-data; boundary=b\r\ncontent-length: 1000000\r\n\r\n` +
      `--b\r\ncontent-disposition: form-data; name="file"; filename="half.txt"\r\n\r\n${'half '.repeat(100_000)}`,
  );
  let stored: string[] = [];
  await waitUntil(async () => (stored = await storedFiles(directory)).length === 2, 'half of the file is written');
  expect(stored.filter((path) => !kept.includes(path))[0]).toContain('drafts');
  await drover.kill();
  socket.destroy();

  await drover.start();
  expect(await storedFiles(directory)).toEqual(kept);
  const { data } = await drover.client.beta.files.list();
  expect(data.map(({ id }) => id)).toEqual([whole.id]);
});
