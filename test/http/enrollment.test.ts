import { NotFoundError } from '@anthropic-ai/sdk';
import { rawFetch, startTestServer, type TestServer } from '../support/app.js';

const DAY_MS = 24 * 60 * 60 * 1_000;

let now = Date.UTC(2026, 10, 22);
let server: TestServer;
beforeAll(async () => (server = await startTestServer({ now: () => now })));
afterAll(() => server.stop());

const profiles = () => server.client.beta.userProfiles;
const ACTION = { action: { type: 'enroll_end_user' } } as const;

/** As a browser does, which sends a form that has no fields. */
async function open(url: string, method: 'GET' | 'POST' = 'GET') {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const response = await fetch(url, method === 'POST' ? { method, headers, body: '' } : {});
  return { status: response.status, headers: response.headers, text: await response.text() };
}

test('an enrolment URL: opened without a key, confirmed once, seen as a trust grant', async () => {
  const { id, updated_at } = await profiles().create({ name: 'Bob & <Alice>' });
  const { url, ...rest } = await profiles().createEnrollmentURL(id);
  expect({ ...rest }).toEqual({ type: 'enrollment_url', expires_at: new Date(now + DAY_MS).toISOString() });
  expect(url.startsWith(`${server.url}/drover/enroll/${id}.`)).toBe(true);
  const page = await open(url);
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  expect(page.headers.get('cache-control')).toBe('no-store');
  expect(page.text).toContain('enrol as Bob &#38; &#60;Alice&#62;.');
  expect(page.text).toContain('<form method="post">');
  expect((await profiles().retrieve(id)).trust_grants).toEqual({});
  now += 1_000;
  const confirmed = await open(url, 'POST');
  expect(confirmed.text).toContain('You are enrolled as Bob');
  const enrolled = await profiles().retrieve(id);
  expect(enrolled.trust_grants).toEqual({ enrollment: { status: 'active' } });
  expect(enrolled.updated_at > updated_at).toBe(true);
  expect(await open(url, 'POST')).toMatchObject({ status: 200, text: confirmed.text });
  expect((await open(url)).text).toBe(confirmed.text);
  expect({ ...(await profiles().retrieve(id)) }).toEqual({ ...enrolled });
  const current = await server.client.userProfiles.retrieve(id);
  expect(current.programs).toEqual({ cyber: null, efs: null });
});

test('an action URL is the same by another name', async () => {
  const { id } = await server.client.userProfiles.create({});
  const { url, ...rest } = await server.client.userProfiles.actionURLs.create(id, ACTION);
  expect({ ...rest }).toEqual({ type: 'user_profile_action_url', expires_at: new Date(now + DAY_MS).toISOString() });
  expect((await open(url)).text).toContain('<p>You have been asked to enrol.</p>');
  await open(url, 'POST');
  expect((await profiles().retrieve(id)).trust_grants).toEqual({ enrollment: { status: 'active' } });
});

test('behind a proxy that speaks https the URL does too', async () => {
  const { id } = await profiles().create({});
  const headers = { 'x-forwarded-proto': 'https, http' };
  const response = await rawFetch(server, `/v1/user_profiles/${id}/enrollment_url`, { method: 'POST', headers });
  expect(await response.json()).toMatchObject({
    url: expect.stringMatching(/^https:\/\/127\.0\.0\.1:\d+\/drover\/enroll\//),
  });
});

test('a URL that has expired, was changed, or whose profile is gone is not valid', async () => {
  const { id } = await profiles().create({});
  const { id: other } = await profiles().create({});
  const { url } = await profiles().createEnrollmentURL(id);
  const { url: gone } = await profiles().createEnrollmentURL(other);
  await profiles().delete(other);
  const later = url.replace(/\.\d{10,}\./, (part) => `.${Number(part.slice(1, -1)) + 1}.`);
  for (const bad of [
    gone,
    later,
    `${url}x`,
    url.slice(0, -1),
    url.replace(id, other),
    `${server.url}/drover/enroll/x`,
  ]) {
    expect([(await open(bad)).status, (await open(bad, 'POST')).status]).toEqual([404, 404]);
  }
  now += DAY_MS - 1;
  expect((await open(url)).status).toBe(200);
  now += 1;
  expect((await open(url)).text).toContain('This link is not valid');
  expect((await open(url, 'POST')).status).toBe(404);
  expect((await profiles().retrieve(id)).trust_grants).toEqual({});
});

test('a profile that is not there has none, and neither has an action that is not known', async () => {
  const { id } = await profiles().create({});
  await expect(profiles().createEnrollmentURL('uprof_none')).rejects.toThrow(NotFoundError);
  await expect(profiles().actionURLs.create('uprof_none', ACTION)).rejects.toThrow(NotFoundError);
  const body = JSON.stringify({ action: { type: 'verify_identity' } });
  const response = await rawFetch(server, `/v1/user_profiles/${id}/action_urls`, { method: 'POST', body });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ error: { message: expect.stringMatching(/^action\.type: /) } });
});

test('who has no key cannot send much either', async () => {
  const { url } = await profiles().createEnrollmentURL((await profiles().create({})).id);
  const response = await fetch(url, { method: 'POST', body: 'x'.repeat(2_000) });
  expect(response.status).toBe(413);
  expect(await response.json()).toMatchObject({ error: { message: expect.stringContaining('1024 bytes') } });
  expect((await fetch(url, { method: 'POST', body: '{no json' })).status).toBe(200);
});

test('P4: a log that tells of a failure does not have the URL', async () => {
  const own = await startTestServer();
  const { id } = await own.client.beta.userProfiles.create({});
  const { url } = await own.client.beta.userProfiles.createEnrollmentURL(id);
  await own.db.destroy();
  expect((await open(url)).status).toBe(500);
  expect(own.reportedPaths).toEqual(['/drover/enroll/:token']);
  await own.stop();
});
