import type { Anthropic } from '@anthropic-ai/sdk';
import { ApiError } from '../../src/api-error.js';
import { startTestServer, type TestServer } from '../support/app.js';
import { createDeployment } from '../support/deployments.js';

let server: TestServer;
let deployments: Anthropic['beta']['deployments'];
beforeAll(async () => {
  server = await startTestServer();
  ({ deployments } = server.client.beta);
});
afterAll(() => server.stop());

const create = () => createDeployment(server.client);
const scheduleAt = (id: string) => server.schedules.all.get(id);

test('while Temporal cannot be reached a row is changed all the same, and its Schedule follows', async () => {
  server.schedules.fail(new ApiError('unavailable_error', 'away'));
  const { id } = await create();
  const { id: orphan } = await create();
  await deployments.pause(id);
  expect(scheduleAt(id)).toBeUndefined();
  server.schedules.fail(null);
  await server.scheduleSync.catchUp();
  expect(scheduleAt(id)).toMatchObject({ paused: true, revision: 2 });
  expect(scheduleAt(orphan)).toMatchObject({ paused: false });
});

test('Schedules that are lost or outdated are made again, and those of nobody removed', async () => {
  const [lost, outdated, right] = [await create(), await create(), await create()];
  const kept = scheduleAt(right.id);
  const old = scheduleAt(outdated.id);
  if (!old) throw new Error('it has none');
  server.schedules.all.delete(lost.id);
  server.schedules.all.set(outdated.id, { ...old, revision: 0 });
  server.schedules.all.set('depl_nobody', { ...old, id: 'depl_nobody' });
  await server.scheduleSync.reconcile();
  expect(scheduleAt(lost.id)?.revision).toBe(1);
  expect(scheduleAt(outdated.id)?.revision).toBe(1);
  expect(scheduleAt('depl_nobody')).toBeUndefined();
  expect(scheduleAt(right.id)).toBe(kept);
});

test('Schedules that name no store are taken over, or left alone when no deployment has their id', async () => {
  const [live, archived] = [await create(), await create()];
  const old = scheduleAt(live.id);
  if (!old) throw new Error('it has none');
  await deployments.archive(archived.id);
  for (const id of [live.id, archived.id, 'depl_elsewhere']) {
    server.schedules.all.set(id, { ...old, id });
    server.schedules.unnamed.add(id);
  }
  await server.scheduleSync.reconcile();
  expect([...server.schedules.unnamed].filter((id) => scheduleAt(id))).toEqual(['depl_elsewhere']);
  expect(scheduleAt(live.id)?.revision).toBe(1);
  expect(scheduleAt(archived.id)).toBeUndefined();
  server.schedules.all.delete('depl_elsewhere');
});

test.each<[string, (id: string) => Promise<unknown>]>([
  ['paused', (id) => deployments.pause(id)],
  ['archived', (id) => deployments.archive(id)],
])('a Schedule that could not be removed when it was cleared is still removed after it was %s', async (_what, act) => {
  const { id } = await create();
  server.schedules.fail(new ApiError('unavailable_error', 'away'));
  await deployments.update(id, { schedule: null });
  await act(id);
  server.schedules.fail(null);
  expect(scheduleAt(id)).toBeDefined();
  await server.scheduleSync.catchUp();
  expect(scheduleAt(id)).toBeUndefined();
});

test('one Schedule that cannot be brought up to date keeps no other waiting', async () => {
  const [first, second] = [await create(), await create()];
  server.schedules.all.delete(first.id);
  server.schedules.all.delete(second.id);
  server.schedules.failFor(first.id, new Error('no such calendar'));
  await expect(server.scheduleSync.reconcile()).rejects.toThrow('no such calendar');
  expect(scheduleAt(second.id)?.revision).toBe(1);
  server.schedules.failFor(first.id, null);
  await server.scheduleSync.reconcile();
  expect(scheduleAt(first.id)?.revision).toBe(1);
});
