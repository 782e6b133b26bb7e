import { setTimeout as sleep } from 'node:timers/promises';
import { AuthenticationError } from '@anthropic-ai/sdk';
import { adminRequest, clientWith, newKey } from '../support/admin.js';
import { API_KEY, startTestServer, type TestServer } from '../support/app.js';
import { createFindClosed } from '../../src/catalog/access/find-closed.js';
import type { Principal } from '../../src/catalog/access/principal.js';
import { DEFAULT_WORKSPACE } from '../../src/catalog/workspace.js';
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

test('a key of more than a database takes in one statement is found, whatever kind it is', async () => {
  const { id } = await newKey(server);
  await adminRequest(server, `api_keys/${id}/revoke`, { body: {} });
  const keys = Array.from({ length: 70_000 }, (_, at) => keyPrincipal(`apikey_${at}`));
  const tokens = Array.from({ length: 70_000 }, (_, at) => tokenPrincipal(`hash ${at}`));
  const revoked = keyPrincipal(id);
  const closed = await createFindClosed(server.db, Date.now)([...keys, ...tokens, revoked]);
  // What no row has is none of a stream's keys that were let in; of tokens it is one that is over.
  expect(closed.size).toBe(tokens.length + 1);
  expect(closed.has(revoked)).toBe(true);
});

test('a look that fails is reported once, and the streams of revoked keys end once rows can be read', async () => {
  const { id, key } = await newKey(server);
  const stream = await clientWith(server, key).beta.sessions.events.stream(await openSession());
  const next = stream[Symbol.asyncIterator]().next();
  // None of it is unhandled while we wait for something else.
  next.catch(() => {});
  await server.db.schema.alterTable('api_keys').renameTo('keys_away').execute();
  try {
    while (server.reported.length === 0) await sleep(5);
    await sleep(4 * KEY_CHECK_MS);
    expect(server.reported.splice(0)).toEqual([
      expect.objectContaining({ message: expect.stringContaining('api_keys') }),
    ]);
  } finally {
    await server.db.schema.alterTable('keys_away').renameTo('api_keys').execute();
  }
  await adminRequest(server, `api_keys/${id}/revoke`, { body: {} });
  await expect(next).rejects.toThrow(/key of this stream is not valid/);
  expect(server.reported).toEqual([]);
});

function keyPrincipal(keyId: string): Principal {
  return { kind: 'api_key', keyId, workspace: DEFAULT_WORKSPACE, scopes: [] };
}

function tokenPrincipal(hash: string): Principal {
  const ids = { keyId: 'k', environmentId: 'e', workId: 'w', sessionId: 's' };
  return { kind: 'session_token', hash, workspace: DEFAULT_WORKSPACE, isStale: false, ...ids };
}

/** The id of a new session in the default workspace. */
async function openSession(): Promise<string> {
  const { agents, environments, sessions } = server.client.beta;
  const agent = await agents.create({ name: 'a', model: 'm' });
  const { id: environment_id } = await environments.create({ name: 'e' });
  return (await sessions.create({ agent: agent.id, environment_id })).id;
}
