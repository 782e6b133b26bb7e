import { API_KEY, rawFetch, startTestServer, type TestServer } from '../support/app.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const WEBHOOKS = { 'anthropic-beta': 'webhooks-2026-10-07' };
const endpoint = { url: 'https://example.com/a', enabled_events: ['external_key.failed'] };

test.each<[string, string, object, Record<string, string>?]>([
  ['display_name', '/v1/tunnels', {}],
  ['name', '/v1/user_profiles', {}],
  ['name', '/v1/organizations/webhooks', endpoint, WEBHOOKS],
  ['description', '/v1/organizations/webhooks', endpoint, WEBHOOKS],
])('%s of %s without U+0000: the same on every store', async (field, path, body, headers = {}) => {
  const send = (text: string) =>
    rawFetch(server, path, { method: 'POST', headers, body: JSON.stringify({ ...body, [field]: text }) });
  const refused = await send('a\0b');
  expect(refused.status).toBe(400);
  expect(await refused.json()).toMatchObject({ error: { message: expect.stringContaining(`${field}: `) } });
  expect((await send('a\u0001b\u{1F600}')).status).toBe(200);
});

test('what is not found by an id with U+0000 is no fault of the server', async () => {
  const response = await fetch(`${server.url}/v1/agents/a%00b`, { headers: { authorization: `Bearer ${API_KEY}` } });
  expect([400, 404]).toContain(response.status);
  expect(server.reported).toEqual([]);
});
