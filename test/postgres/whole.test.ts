import { setTimeout as sleep } from 'node:timers/promises';
import { APIError } from '@anthropic-ai/sdk';
import { attackWhole, SEED } from '../fuzz/whole.js';
import { dropDatabase, newDatabase } from '../support/database.js';
import { openProxy, type Proxy } from '../support/postgres/proxy.js';
import { startWire, type Wire } from '../wire/server.js';
import { only, openTalk, typesOf } from '../wire/session.js';
import { describeDeletion } from '../wire/suite-deletion.js';

const REQUESTS = 250;

let place: string;
let proxy: Proxy;
let wire: Wire;
beforeAll(async () => {
  place = await newDatabase('', { migrated: false });
  proxy = await openProxy(place);
  wire = await startWire({ DROVER_DATABASE_URL: proxy.place }, { window: 1_000_000 });
}, 300_000);
afterAll(async () => {
  await wire.stop();
  await proxy.close();
  await dropDatabase(place);
});

describeDeletion(() => wire);

test(`P5: ${REQUESTS} odd requests at sessions in every state do no harm (seed ${SEED})`, async () => {
  expect(await attackWhole(wire, REQUESTS)).toEqual([]);
}, 600_000);

test('P1: a page of the log whose commit got no answer is streamed, in order and once', async () => {
  const talk = await openTalk(wire);
  for (const text of ['one', 'two', 'three']) {
    const lost = proxy.loseCommit('insert into "projection"."log"');
    await talk.turn(text);
    await lost;
  }
  const { data } = await wire.client.beta.sessions.events.list(talk.id, { limit: 1_000 });
  const streamed = talk.stream.events.filter(({ processed_at }) => processed_at !== null);
  expect(streamed).toEqual(data);
  // Each input is streamed first as it came in.
  const queued = talk.stream.events.filter(({ processed_at }) => processed_at === null);
  expect(queued.map(({ id }) => id)).toEqual(only(data, 'user.message').map(({ id }) => id));
  talk.stream.close();
});

test('while the database is away requests are told to come again, what runs goes on, and all of it is seen after', async () => {
  const { events } = wire.client.beta.sessions;
  const away = Promise.withResolvers<void>();
  const talk = await openTalk(wire, { replies: [() => away.promise.then(() => ({}))] });
  await talk.send('go');
  await talk.stream.until(({ type }) => type === 'span.model_request_start');
  proxy.cut();
  away.resolve();
  const { status, headers } = await events.list(talk.id).then(
    () => ({ status: 200, headers: undefined }),
    (error: unknown) => (error instanceof APIError ? error : Promise.reject(error)),
  );
  expect([status, headers?.get('retry-after')]).toEqual([503, '1']);
  await sleep(500);
  proxy.restore();
  await talk.stream.untilIdle(0);
  expect(typesOf(talk.stream.events)).toEqual(expect.arrayContaining(['agent.message', 'session.status_idle']));
  const streamed = talk.stream.events.filter(({ processed_at }) => processed_at !== null);
  expect(streamed).toEqual(await talk.list());
  talk.stream.close();
});
