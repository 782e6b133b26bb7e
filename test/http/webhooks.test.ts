import type Anthropic from '@anthropic-ai/sdk';
import { rawFetch, startTestServer, type TestServer } from '../support/app.js';

type Endpoints = Anthropic['beta']['organization']['webhooks'];

let server: TestServer;
let webhooks: Endpoints;
beforeEach(async () => {
  server = await startTestServer({ allowPrivate: false });
  webhooks = server.client.beta.organization.webhooks;
});
afterEach(() => server.stop());

const EVENTS: ['user_profile.enforcement_action_opened'] = ['user_profile.enforcement_action_opened'];
const URL = 'https://example.com/hook';
const make = (more: Partial<Anthropic.Beta.Organization.WebhookCreateParams> = {}) =>
  webhooks.create({ url: URL, enabled_events: EVENTS, ...more });

describe('endpoints of the organization', () => {
  test('are made with a secret that is shown once, and read without it', async () => {
    const made = await make({ name: 'n', description: 'd' });
    expect({ ...made }).toEqual({
      id: expect.stringMatching(/^whep_/),
      url: URL,
      name: 'n',
      description: 'd',
      enabled_events: EVENTS,
      state: 'enabled',
      disabled_reason: '',
      created_at: expect.stringMatching(/Z$/),
      updated_at: made.created_at,
      signing_secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
    });
    const { signing_secret: _, ...shown } = made;
    expect({ ...(await webhooks.retrieve(made.id)) }).toEqual({ ...shown });
    expect((await webhooks.list()).data).toEqual([shown]);
    expect({ ...(await make()) }).toMatchObject({ name: '', description: '' });
  });

  test('without the beta header are not there', async () => {
    const { id } = await make();
    for (const [method, path] of [
      ['GET', ''],
      ['POST', ''],
      ['GET', `/${id}`],
      ['DELETE', `/${id}`],
    ] as const) {
      const response = await rawFetch(server, `/v1/organizations/webhooks${path}`, { method });
      expect(response.status).toBe(404);
    }
    expect((await webhooks.list()).data).toHaveLength(1);
  });

  test.each([
    [{ url: 'http://example.com/' }, 'url'],
    [{ url: 'https://example.com:8443/' }, 'url'],
    [{ url: 'https://127.0.0.1/' }, 'url'],
    [{ url: 'https://[::1]/' }, 'url'],
    [{ url: 'https://0x7f.1/' }, 'url'],
    [{ url: 'https://10.1.2.3/' }, 'url'],
    [{ url: 'https://localhost/' }, 'url'],
    [{ url: 'https://me:secret@example.com/' }, 'url'],
    [{ url: 'nowhere' }, 'url'],
    [{ url: `https://example.com/${'a'.repeat(2_048)}` }, 'url'],
    [{ enabled_events: [] }, 'enabled_events'],
    [{ enabled_events: ['session.status_idled'] }, 'enabled_events.0'],
    [{ name: 'n'.repeat(257) }, 'name'],
    [{ name: null }, 'name'],
    [{ signing_secret: 'whsec_x' }, 'signing_secret'],
  ])('%j is refused', async (more, field) => {
    await expect(make(more as object)).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining(field),
    });
    expect((await webhooks.list()).data).toEqual([]);
  });

  test('may be 32, enabled or not', async () => {
    for (let count = 0; count < 32; count++) await make();
    await expect(make()).rejects.toMatchObject({ status: 400, message: expect.stringContaining('32') });
    const all = await webhooks.list();
    await webhooks.delete(all.data[0]?.id ?? '');
    await make();
  });

  test('are changed field by field; what changes nothing leaves the time', async () => {
    const made = await make({ name: 'n' });
    const same = await webhooks.update(made.id, { name: 'n', enabled_events: [], url: URL, state: 'enabled' });
    expect(same).toMatchObject({ enabled_events: EVENTS, updated_at: made.updated_at });
    const two = ['external_key.failed', 'external_key.failed', 'external_key.recovered'] as const;
    const changed = await webhooks.update(made.id, { enabled_events: [...two], description: 'd' });
    expect(changed).toMatchObject({ name: 'n', description: 'd' });
    expect(changed.enabled_events).toEqual(['external_key.failed', 'external_key.recovered']);
    expect(Date.parse(changed.updated_at)).toBeGreaterThan(Date.parse(made.updated_at));
    await expect(webhooks.update(made.id, { url: 'https://10.0.0.1/' })).rejects.toMatchObject({ status: 400 });
    await expect(webhooks.update('whep_none', {})).rejects.toMatchObject({ status: 404 });
  });

  test('enabling clears the reason that the server had to disable one', async () => {
    const { id } = await make();
    await server.db
      .updateTable('webhook_endpoints')
      .set({ state: 'disabled', disabled_reason: 'A reason.', failures: 20, failing_since: 1 })
      .execute();
    expect(await webhooks.retrieve(id)).toMatchObject({ state: 'disabled', disabled_reason: 'A reason.' });
    expect(await webhooks.update(id, { name: 'n' })).toMatchObject({ disabled_reason: 'A reason.' });
    expect(await webhooks.update(id, { state: 'enabled' })).toMatchObject({ state: 'enabled', disabled_reason: '' });
    const [row] = await server.db.selectFrom('webhook_endpoints').selectAll().execute();
    expect(row).toMatchObject({ failures: 0, failing_since: null });
    expect(await webhooks.update(id, { state: 'disabled' })).toMatchObject({ state: 'disabled', disabled_reason: '' });
  });

  test('a new secret takes the place of the old one', async () => {
    const made = await make();
    const { signing_secret } = await webhooks.regenerateSigningSecret(made.id);
    expect(signing_secret).toMatch(/^whsec_/);
    expect(signing_secret).not.toBe(made.signing_secret);
    await expect(webhooks.regenerateSigningSecret('whep_none')).rejects.toMatchObject({ status: 404 });
  });

  test('are listed newest first, page by page, in both directions', async () => {
    const ids: string[] = [];
    for (let count = 0; count < 5; count++) ids.unshift((await make()).id);
    const all: string[] = [];
    for await (const { id } of webhooks.list({ limit: 2 })) all.push(id);
    expect(all).toEqual(ids);
    const rising: string[] = [];
    for await (const { id } of webhooks.list({ limit: 2, order: 'asc' })) rising.push(id);
    expect(rising).toEqual(ids.toReversed());
    const page = await webhooks.list({ limit: 2, after_id: ids[1] ?? '' });
    expect([page.has_more, page.first_id, page.last_id]).toEqual([true, ids[2], ids[3]]);
    const back = await webhooks.list({ limit: 2, before_id: ids[4] ?? '' });
    expect(back.data.map(({ id }) => id)).toEqual([ids[2], ids[3]]);
    await expect(webhooks.list({ after_id: 'whep_none' })).rejects.toMatchObject({ status: 400 });
    await expect(webhooks.list({ limit: 0 })).rejects.toMatchObject({ status: 400 });
  });

  test('are deleted for good', async () => {
    const { id } = await make();
    expect({ ...(await webhooks.delete(id)) }).toEqual({ id, type: 'webhook_endpoint_deleted' });
    await expect(webhooks.retrieve(id)).rejects.toMatchObject({ status: 404 });
    await expect(webhooks.delete(id)).rejects.toMatchObject({ status: 404 });
  });
});

test('P4: a signing secret is in no file of the server, nor in an answer after the first', async () => {
  const { signing_secret, id } = await make();
  const raw = Buffer.from(signing_secret.slice('whsec_'.length), 'base64');
  const row = await server.db.selectFrom('webhook_endpoints').selectAll().executeTakeFirstOrThrow();
  const stored = Buffer.concat([Buffer.from(JSON.stringify(row)), Buffer.from(row.secret)]);
  for (const form of [Buffer.from(signing_secret), raw, Buffer.from(raw.toString('hex'))]) {
    expect(stored.includes(form)).toBe(false);
  }
  const answers = JSON.stringify([await webhooks.retrieve(id), await webhooks.list(), await webhooks.update(id, {})]);
  expect(answers).not.toContain('whsec_');
});
