import { type Anthropic, BadRequestError, NotFoundError } from '@anthropic-ai/sdk';
import { rawFetch, startTestServer, type TestServer } from '../support/app.js';

let server: TestServer;
/** Sends no beta header: the form of today. */
let profiles: Anthropic['userProfiles'];
/** Sends `user-profiles-2026-08-18`. */
let older: Anthropic['beta']['userProfiles'];
beforeAll(async () => {
  server = await startTestServer();
  profiles = server.client.userProfiles;
  older = server.client.beta.userProfiles;
});
afterAll(() => server.stop());

const NO_DETAILS = {
  account_status: null,
  country: null,
  email_hash: null,
  entity_type: null,
  name_hash: null,
  onboarded_at: null,
  reference_id: null,
};

test('create with nothing: an application, all else empty', async () => {
  const profile = await profiles.create({});
  expect({ ...profile }).toEqual({
    type: 'user_profile',
    id: expect.stringMatching(/^uprof_\w{24}$/),
    name: null,
    access_type: 'application',
    metadata: {},
    programs: { cyber: null, efs: null },
    enforcement_actions: [],
    enforcement_status: 'unrestricted',
    external_user_details: NO_DETAILS,
    created_at: expect.stringMatching(/Z$/),
    updated_at: profile.created_at,
  });
  expect(await profiles.retrieve(profile.id)).toEqual(profile);
});

const FULL = {
  account_status: 'active',
  country: 'CH',
  email_hash: 'e1',
  entity_type: 'business',
  name_hash: 'n1',
  onboarded_at: '2026-01-31T13:00:00+01:00',
  reference_id: 'row-7',
} as const;

test('details are stored as stated, times in UTC; null is the same as nothing', async () => {
  const { external_user_details } = await profiles.create({ external_user_details: FULL });
  expect(external_user_details).toEqual({ ...FULL, onboarded_at: '2026-01-31T12:00:00.000Z' });
  const empty = await profiles.create({ external_user_details: { country: null, reference_id: null } });
  expect(empty.external_user_details).toEqual(NO_DETAILS);
});

test('update: what is sent is replaced, what is not stays, "" takes a metadata key away', async () => {
  const { id, created_at } = await profiles.create({
    name: 'Acme',
    access_type: 'passthrough',
    metadata: { a: '1', b: '2' },
    external_user_details: FULL,
  });
  const updated = await profiles.update(id, {
    metadata: { a: '', b: '3', c: '4', nothing: '' },
    external_user_details: { account_status: 'blocked' },
  });
  expect(updated).toMatchObject({
    name: 'Acme',
    access_type: 'passthrough',
    metadata: { b: '3', c: '4' },
    external_user_details: { account_status: 'blocked', country: 'CH', reference_id: 'row-7' },
  });
  expect(updated.metadata).not.toHaveProperty('a');
  expect(updated.updated_at > created_at).toBe(true);
  expect(await profiles.update(id, { metadata: { b: '3' }, access_type: null })).toEqual(updated);
  expect((await profiles.update(id, { name: null })).name).toBeNull();
});

test('under user-profiles-2026-08-18 two details have a place of their own, and there are no others', async () => {
  const made = await older.create({ external_id: 'row-1', external_user_onboarded_at: '2026-01-01T00:00:00Z' });
  expect({ ...made }).toEqual({
    type: 'user_profile',
    id: made.id,
    name: null,
    access_type: 'application',
    metadata: {},
    trust_grants: {},
    external_id: 'row-1',
    external_user_onboarded_at: '2026-01-01T00:00:00.000Z',
    created_at: made.created_at,
    updated_at: made.created_at,
  });
  const today = await profiles.retrieve(made.id);
  expect(today.external_user_details).toEqual({
    ...NO_DETAILS,
    reference_id: 'row-1',
    onboarded_at: '2026-01-01T00:00:00.000Z',
  });
  expect(today).not.toHaveProperty('external_id');
  await profiles.update(made.id, { external_user_details: { country: 'US' } });
  expect(await older.update(made.id, { external_id: null })).toMatchObject({ external_id: null });
  expect((await profiles.retrieve(made.id)).external_user_details).toMatchObject({ country: 'US', reference_id: null });
  expect((await older.list({ limit: 1 })).data[0]).toHaveProperty('external_id');
});

test('of several beta headers the newest counts', async () => {
  const { id } = await profiles.create({ external_user_details: { reference_id: 'r' } });
  const newest = await older.retrieve(id, { betas: ['user-profiles-2026-09-04'] });
  expect(newest).toMatchObject({ external_user_details: { ...NO_DETAILS, reference_id: 'r' }, trust_grants: {} });
  expect(newest).not.toHaveProperty('programs');
  const middle = await older.retrieve(id, { betas: ['user-profiles-2026-03-24'] });
  expect(middle).toMatchObject({ external_id: 'r', external_user_onboarded_at: null, access_type: 'application' });
});

test('under user-profiles-2026-03-24 there is external_id, and no access_type', async () => {
  const headers = { 'anthropic-beta': 'user-profiles-2026-03-24' };
  const send = (body: object) =>
    rawFetch(server, '/v1/user_profiles', { method: 'POST', headers, body: JSON.stringify(body) });
  const response = await send({ external_id: 'row-9' });
  const profile = (await response.json()) as object;
  expect(Object.keys(profile).toSorted()).toEqual(
    ['created_at', 'external_id', 'id', 'metadata', 'name', 'trust_grants', 'type', 'updated_at'].toSorted(),
  );
  expect(profile).toMatchObject({ external_id: 'row-9' });
  const refused = await send({ external_user_onboarded_at: '2026-01-01T00:00:00Z' });
  expect(refused.status).toBe(400);
  expect(await refused.json()).toMatchObject({
    error: { message: expect.stringMatching(/^external_user_onboarded_at: /) },
  });
});

const details = (fields: object) => ({ external_user_details: fields });
const soon = (ms: number) => new Date(Date.now() + ms).toISOString();

test.each<[string, object, RegExp]>([
  ['a long name', { name: 'x'.repeat(256) }, /name: /],
  ['an empty name', { name: '' }, /name: /],
  ['an unknown access type', { access_type: 'internal' }, /access_type: /],
  ['an access type of null', { access_type: null }, /access_type: /],
  ['an empty metadata value', { metadata: { a: '' } }, /metadata\.a: /],
  ['a metadata value of null', { metadata: { a: null } }, /metadata\.a: /],
  ['17 pairs', { metadata: Object.fromEntries(Array.from({ length: 17 }, (_, n) => [n, 'x'])) }, /metadata: .*16/],
  ['a country in lower case', details({ country: 'ch' }), /external_user_details\.country: /],
  ['an empty reference', details({ reference_id: '' }), /external_user_details\.reference_id: /],
  ['a long hash', details({ email_hash: 'x'.repeat(256) }), /external_user_details\.email_hash: /],
  ['an unknown detail', details({ age: 7 }), /external_user_details: .*age/],
  ['a date for a time', details({ onboarded_at: '2026-01-31' }), /external_user_details\.onboarded_at: .*timestamp/],
  ['a day that is none', details({ onboarded_at: '2026-02-30T00:00:00Z' }), /external_user_details\.onboarded_at: /],
  ['a time to come', details({ onboarded_at: soon(90_000) }), /external_user_details\.onboarded_at: .*future/],
  ['a time of null', details({ onboarded_at: null }), /external_user_details\.onboarded_at: /],
  ['the older form', { external_id: 'x' }, /external_id: .*external_user_details\.reference_id/],
  ['an unknown field', { relationship: 'internal' }, /relationship/],
])('create with %s is 400', async (_what, params, message) => {
  const error = await profiles.create(params).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(BadRequestError);
  expect(String(error)).toMatch(message);
});

test('a minute of another clock is no future', async () => {
  const onboarded_at = soon(30_000);
  expect((await profiles.create(details({ onboarded_at }))).external_user_details.onboarded_at).toBe(onboarded_at);
});

test('update refuses null for details and pairs, more than 16 pairs, and the form of another header', async () => {
  const sixteen = Object.fromEntries(Array.from({ length: 16 }, (_, n) => [`k${n}`, 'x']));
  const made = await profiles.create({ metadata: sixteen, external_user_details: FULL });
  for (const [body, message] of [
    [{ external_user_details: { country: null } }, /external_user_details\.country: /],
    [{ metadata: { a: null } }, /metadata\.a: /],
    [{ metadata: { a: 'x' } }, /metadata: .*16/],
    [{ external_id: 'x' }, /external_id: /],
  ] as const) {
    await expect(profiles.update(made.id, body as object)).rejects.toThrow(message);
  }
  await expect(older.update(made.id, { external_user_details: {} })).rejects.toThrow(/400.*external_user_details: /);
  expect(await profiles.retrieve(made.id)).toEqual(made);
  expect((await profiles.update(made.id, { metadata: { k0: '', a: 'x' } })).metadata).toHaveProperty('a');
});

test('a deleted profile is gone', async () => {
  const { id } = await profiles.create({});
  expect({ ...(await profiles.delete(id)) }).toEqual({ id, type: 'user_profile_deleted' });
  await expect(profiles.retrieve(id)).rejects.toThrow(NotFoundError);
  await expect(profiles.update(id, { name: 'x' })).rejects.toThrow(NotFoundError);
  await expect(profiles.delete(id)).rejects.toThrow(NotFoundError);
});

describe('lists', () => {
  let made: string[];
  const NAMES = ['beta', 'Alpha', null, 'alpha', 'Ärger', 'ALPHA', null, 'gamma', 'Beta', null, 'zeta', '_'];

  beforeAll(async () => {
    for await (const { id } of profiles.list()) await profiles.delete(id);
    made = [];
    for (const name of NAMES) made.push((await profiles.create({ name })).id);
  });

  test('by age, newest first unless told otherwise', async () => {
    expect((await walk({ limit: 5 })).map(({ id }) => id)).toEqual(made.toReversed());
    expect((await walk({ limit: 1, order: 'asc' })).map(({ id }) => id)).toEqual(made);
  });

  test.each([1, 3, 4, 9, 11, 12, 100])(
    'by name, %i to a page: ASCII case does not count, the nameless are last',
    async (limit) => {
      const up = await walk({ limit, order_by: 'name', order: 'asc' });
      const keys = ['_', 'alpha', 'alpha', 'alpha', 'beta', 'beta', 'gamma', 'zeta', 'Ärger', null, null, null];
      expect(up.map(({ name }) => lower(name))).toEqual(keys);
      expect(new Set(up.map(({ id }) => id)).size).toBe(NAMES.length);
      const down = await walk({ limit, order_by: 'name' });
      const named = (list: typeof up) => list.filter(({ name }) => name !== null);
      expect(named(down)).toEqual(named(up).toReversed());
      expect(down.slice(-3)).toEqual(up.slice(-3).toReversed());
    },
  );

  test('a renamed profile moves', async () => {
    const id = made[11] ?? '';
    await profiles.update(id, { name: 'ZZ' });
    expect((await walk({ order_by: 'name' })).map(({ name }) => name).indexOf('ZZ')).toBe(1);
    await profiles.update(id, { name: null });
    expect((await walk({ order_by: 'name' })).slice(-4).map(({ name }) => name)).toEqual([null, null, null, null]);
    await profiles.update(id, { name: '_' });
  });

  test('by enforcement status: nobody here is anything but unrestricted', async () => {
    expect((await profiles.list({ enforcement_status: ['banned', 'unrestricted'] })).data).toHaveLength(NAMES.length);
    expect((await profiles.list({ enforcement_status: ['banned', 'pending'] })).data).toEqual([]);
    const headers = { 'anthropic-beta': 'user-profiles-2026-09-04' };
    const response = await rawFetch(server, '/v1/user_profiles?enforcement_status[]=banned', { headers });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { message: expect.stringMatching(/^enforcement_status: /) } });
  });

  test('a cursor serves the order it was made in', async () => {
    const page = (await profiles.list({ limit: 2, order_by: 'name' })).next_page;
    await expect(profiles.list({ page, order_by: 'name', order: 'asc' })).rejects.toThrow(/400.*page: .*order/);
    await expect(profiles.list({ page })).rejects.toThrow(/400.*page: .*order_by/);
    await expect(server.client.beta.agents.list({ page })).rejects.toThrow(/400.*page: this is not a cursor/);
    expect((await profiles.list({ page, order_by: 'name', limit: 50 })).data).toHaveLength(10);
  });

  test.each(['limit=0', 'limit=101', 'limit=x', 'order=up', 'order_by=age', 'enforcement_status[]=x', 'page=page_x'])(
    '%s is 400',
    async (query) => {
      const response = await rawFetch(server, `/v1/user_profiles?${query}`);
      expect(response.status).toBe(400);
      const [field] = query.split(/\W/);
      expect(await response.json()).toMatchObject({ error: { message: expect.stringContaining(`${field}: `) } });
    },
  );
});

async function walk(params: Anthropic.UserProfileListParams) {
  const seen: { id: string; name: string | null }[] = [];
  for await (const { id, name } of profiles.list(params)) seen.push({ id, name });
  return seen;
}

function lower(name: string | null): string | null {
  return name === null ? null : name.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
}
