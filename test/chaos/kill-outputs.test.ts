import { appendFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Drover, startDrover } from '../support/drover-process.js';
import { untilThere } from '../support/sandbox-files.js';
import { storedFiles } from '../support/stored-files.js';
import { makeParts, openSession, sessionOf, waitUntil } from './chaos-session.js';

let drover: Drover;
beforeAll(async () => {
  drover = await startDrover();
});
afterAll(() => drover.remove());

const listed = async (scope_id: string) => (await drover.client.beta.files.list({ scope_id })).data;
const download = async (id = '') => (await drover.client.beta.files.download(id)).text();

test('P3: killed -9 between what a command writes and its taking in, drover lists it all the same', async () => {
  const session = await openSession(
    drover,
    `/bash cd /mnt/session/outputs; echo made >made; echo on >/workspace/on; ${untilThere('go')}; echo end >>made`,
  );
  await waitUntil(() => session.file('on') !== '', 'it is written');
  expect(await drover.client.beta.files.list()).toMatchObject({ data: [] });
  await drover.kill();
  await drover.start();
  const [early] = await listed(session.id);
  expect(early).toMatchObject({ filename: 'made', downloadable: true });
  session.put('go');
  await session.untilIdle();
  const [made, ...others] = await listed(session.id);
  expect(others).toEqual([]);
  expect(await download(made?.id)).toBe('made\nend\n');
});

test('killed -9 again and again while it takes in a large file, drover has it once and whole', async () => {
  const session = await openSession(drover, '/bash head -c 50M /dev/urandom >/mnt/session/outputs/large; echo on >on');
  await waitUntil(() => session.file('on') !== '', 'it is written');
  await drover.kill();
  await drover.start();
  await session.untilIdle();
  const file = join(drover.dataDir, 'sandboxes', session.id, 'session', 'outputs', 'large');
  for (const ms of [5, 20, 40]) {
    appendFileSync(file, 'more');
    const asked = listed(session.id).catch(() => []);
    await new Promise((resolve) => setTimeout(resolve, ms));
    await drover.kill();
    await asked;
    await drover.start();
  }
  const [large, ...others] = await listed(session.id);
  expect(others).toEqual([]);
  expect(large).toMatchObject({ size_bytes: 50 * 2 ** 20 + 12 });
  // This one's, and what the test before has made.
  expect(await storedFiles(join(drover.dataDir, 'files'))).toHaveLength(2);
});

test('killed -9 before files are in their place, drover puts them there for the next command', async () => {
  const { id: file_id } = await drover.client.beta.files.upload({ file: new File(['given'], 'given.txt') });
  const parts = await makeParts(drover.client);
  const resources = [{ type: 'file', file_id, mount_path: '/deep/given' } as const];
  const { id } = await drover.client.beta.sessions.create({ ...parts, resources });
  const session = sessionOf(drover, id);
  await session.send('/bash cat /mnt/session/uploads/deep/given >>seen');
  await session.untilIdle(1);
  await drover.kill();
  rmSync(join(drover.dataDir, 'mounts', id, 'files', 'contents'), { recursive: true });
  await drover.start();
  await session.send('/bash cat /mnt/session/uploads/deep/given >>seen');
  await session.untilIdle(2);
  expect(session.file('seen')).toBe('givengiven');
});
