import { setTimeout as sleep } from 'node:timers/promises';
import { AuthenticationError } from '@anthropic-ai/sdk';
import { adminRequest, clientWith, newKey } from '../support/admin.js';
import { API_KEY, startTestServer, type TestServer } from '../support/app.js';
import { recordQueries } from '../support/query-plans.js';

const KEY_CHECK_MS = 50;

let server: TestServer;
beforeAll(async () => (server = await startTestServer({ streams: { keyCheckMs: KEY_CHECK_MS } })));
afterAll(() => server.stop());

test('an open stream ends soon after its key was revoked, and no other does', async () => {
  const [revoked, other] = [await newKey(server), await newKey(server)];
  const session = await openSession();
  const follow = async (key: string) => {
    const seen: string[] = [];
    for await (const { type } of await clientWith(server, key).beta.sessions.events.stream(session)) seen.push(type);
    return seen;
  };
  const [ended, ...open] = [revoked.key, other.key, API_KEY].map(follow);
  while (server.session.subscribers() < 3) await sleep(5);
  await adminRequest(server, `api_keys/${revoked.id}/revoke`, { body: {} });
  await expect(ended).rejects.toThrow(/key of this stream is not valid/);
  await expect(follow(revoked.key)).rejects.toThrow(AuthenticationError);
  server.session.emit(session, { type: 'session.status_terminated' });
  expect(await Promise.all(open)).toEqual([['session.status_terminated'], ['session.status_terminated']]);
});

test('keys of open streams are asked for all at once, and events cost no look', async () => {
  const { key } = await newKey(server);
  const session = await openSession();
  const streams = await Promise.all(
    Array.from({ length: 5 }, () => clientWith(server, key).beta.sessions.events.stream(session)),
  );
  const queries = recordQueries(server.db);
  const began = performance.now();
  for (let events = 0; events < 50; events += 1) {
    server.session.emit(session, { type: 'agent.message', content: [] });
    await sleep(4);
  }
  const looks = (performance.now() - began) / KEY_CHECK_MS + 1;
  expect(queries.take().length).toBeLessThanOrEqual(looks);
  for (const stream of streams) stream.controller.abort();
});

/** The id of a new session in the default workspace. */
async function openSession(): Promise<string> {
  const { agents, environments, sessions } = server.client.beta;
  const agent = await agents.create({ name: 'a', model: 'm' });
  const { id: environment_id } = await environments.create({ name: 'e' });
  return (await sessions.create({ agent: agent.id, environment_id })).id;
}
