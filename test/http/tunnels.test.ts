import { type Anthropic, NotFoundError } from '@anthropic-ai/sdk';
import { createTokenText } from '../../src/catalog/tunnels/tunnel-token.js';
import { rawFetch, startTestServer, type TestServer } from '../support/app.js';
import { CA_PEM, EVERLASTING_CA_PEM, SECOND_CA_PEM, SERVER_PEM } from '../support/certificates.js';

let server: TestServer;
let tunnels: Anthropic['beta']['tunnels'];
beforeAll(async () => {
  server = await startTestServer();
  tunnels = server.client.beta.tunnels;
});
afterAll(() => server.stop());

test('create: a hostname of its own, of the kind that resolves to nothing', async () => {
  const tunnel = await tunnels.create({});
  expect({ ...tunnel }).toEqual({
    type: 'tunnel',
    id: expect.stringMatching(/^tnl_\w{24}$/),
    display_name: null,
    domain: expect.stringMatching(/^[0-9a-f]{32}\.tunnels\.drover\.invalid$/),
    created_at: expect.stringMatching(/Z$/),
    archived_at: null,
  });
  expect(await tunnels.retrieve(tunnel.id)).toEqual(tunnel);
  const other = await tunnels.create({ display_name: 'office' });
  expect(other.display_name).toBe('office');
  expect(other.domain).not.toBe(tunnel.domain);
});

test('a token is the same at every call until it is rotated', async () => {
  const { id } = await tunnels.create({});
  const token = await tunnels.revealToken(id);
  expect({ ...token }).toEqual({
    type: 'tunnel_token',
    id: expect.stringMatching(/^ttok_\w{24}$/),
    tunnel_token: expect.stringMatching(/^ttok_\w{24}\.[\w-]{43}$/),
  });
  expect(await tunnels.revealToken(id)).toEqual(token);
  const rotated = await tunnels.rotateToken(id, { reason: 'it was in a log' });
  expect(rotated.id).not.toBe(token.id);
  expect(rotated.tunnel_token).not.toBe(token.tunnel_token);
  expect(await tunnels.revealToken(id)).toEqual(rotated);
  expect((await tunnels.rotateToken(id, {})).id).not.toBe(rotated.id);
  expect((await tunnels.revealToken((await tunnels.create({})).id)).tunnel_token).not.toBe(token.tunnel_token);
  const kept = await server.db.selectFrom('tunnel_tokens').selectAll().where('tunnel_id', '=', id).execute();
  expect(new Set(kept.map(({ reason }) => reason))).toEqual(new Set(['it was in a log', null]));
  expect(kept).toHaveLength(3);
});

test('a token is made from the key: nothing that is stored would do in its place', async () => {
  const { id } = await tunnels.create({});
  const token = await tunnels.revealToken(id);
  expect(token.tunnel_token).toBe(createTokenText('a secret')(token.id));
  expect(token.tunnel_token).not.toBe(createTokenText('another')(token.id));
  const [, secret = ''] = token.tunnel_token.split('.');
  const rows = [
    await server.db.selectFrom('tunnels').selectAll().execute(),
    await server.db.selectFrom('tunnel_tokens').selectAll().execute(),
  ];
  expect(JSON.stringify(rows)).toContain(token.id);
  expect(JSON.stringify(rows)).not.toContain(secret);
});

test('an archived tunnel: its certificates go along, its token is over, and it stays readable', async () => {
  const { id } = await tunnels.create({ display_name: 'old' });
  const gone = await tunnels.certificates.create(id, { ca_certificate_pem: CA_PEM });
  const early = await tunnels.certificates.archive(gone.id, { tunnel_id: id });
  const live = await tunnels.certificates.create(id, { ca_certificate_pem: CA_PEM });
  const archived = await tunnels.archive(id);
  expect(archived).toMatchObject({ id, display_name: 'old', archived_at: expect.stringMatching(/Z$/) });
  expect(await tunnels.archive(id)).toEqual(archived);
  expect(await tunnels.retrieve(id)).toEqual(archived);
  const certificate = await tunnels.certificates.retrieve(live.id, { tunnel_id: id });
  expect(certificate.archived_at).toBe(archived.archived_at);
  expect(await tunnels.certificates.retrieve(gone.id, { tunnel_id: id })).toEqual(early);
  await expect(tunnels.revealToken(id)).rejects.toThrow(/400.*tunnel_id: .*archived/);
  await expect(tunnels.rotateToken(id, {})).rejects.toThrow(/400.*tunnel_id: .*archived/);
  const add = tunnels.certificates.create(id, { ca_certificate_pem: CA_PEM });
  await expect(add).rejects.toThrow(/400.*tunnel_id: .*archived/);
});

test('a certificate: fingerprint and expiry are read out of it', async () => {
  const { id: tunnel_id } = await tunnels.create({});
  const certificate = await tunnels.certificates.create(tunnel_id, { ca_certificate_pem: CA_PEM });
  expect({ ...certificate }).toEqual({
    type: 'tunnel_certificate',
    id: expect.stringMatching(/^tcrt_\w{24}$/),
    tunnel_id,
    fingerprint: '9ddc4648a20720e7e17e10550564d9e8ea95c64aae4bc058ac66d535db3411e2',
    expires_at: '2126-01-01T00:00:00.000Z',
    created_at: expect.stringMatching(/Z$/),
    archived_at: null,
  });
  expect(await tunnels.certificates.retrieve(certificate.id, { tunnel_id })).toEqual(certificate);
  const forever = await tunnels.certificates.create(tunnel_id, { ca_certificate_pem: EVERLASTING_CA_PEM });
  expect(forever.expires_at).toBeNull();
});

test('a tunnel holds two certificates that are not archived', async () => {
  const { id: tunnel_id } = await tunnels.create({});
  const add = (pem: string) => tunnels.certificates.create(tunnel_id, { ca_certificate_pem: pem });
  const first = await add(CA_PEM);
  await add(SECOND_CA_PEM);
  await expect(add(EVERLASTING_CA_PEM)).rejects.toThrow(/400.*tunnel_id: .*2 certificates/);
  const archived = await tunnels.certificates.archive(first.id, { tunnel_id });
  expect(archived.archived_at).toMatch(/Z$/);
  expect(await tunnels.certificates.archive(first.id, { tunnel_id })).toEqual(archived);
  await add(EVERLASTING_CA_PEM);
});

test('what stands around a certificate is not kept', async () => {
  const { id: tunnel_id } = await tunnels.create({});
  const { id } = await tunnels.certificates.create(tunnel_id, { ca_certificate_pem: `Of the office\n${CA_PEM}\nend` });
  const row = await server.db.selectFrom('tunnel_certificates').select('pem').where('id', '=', id).executeTakeFirst();
  expect(row).toEqual({ pem: CA_PEM });
});

const KEY_PEM = CA_PEM.replaceAll('CERTIFICATE', 'EC PRIVATE KEY');

test.each<[string, object, RegExp]>([
  ['nothing', {}, /ca_certificate_pem: is required/],
  ['no PEM', { ca_certificate_pem: 'hello' }, /ca_certificate_pem: .*exactly one/],
  ['two certificates', { ca_certificate_pem: CA_PEM + SECOND_CA_PEM }, /ca_certificate_pem: .*exactly one/],
  ['a private key beside it', { ca_certificate_pem: CA_PEM + KEY_PEM }, /ca_certificate_pem: .*private key/],
  ['a private key alone', { ca_certificate_pem: KEY_PEM }, /ca_certificate_pem: .*private key/],
  ['a torn one', { ca_certificate_pem: CA_PEM.replace(/\n.*\n/, '\n') }, /ca_certificate_pem: .*read/],
  ['one that is no CA', { ca_certificate_pem: SERVER_PEM }, /ca_certificate_pem: .*CA/],
  ['more than 8 KB', { ca_certificate_pem: CA_PEM + 'é'.repeat(4_000) }, /ca_certificate_pem: .*8192/],
  ['a field that is not known', { ca_certificate_pem: CA_PEM, name: 'x' }, /name/],
])('a certificate of %s is 400', async (_what, params, message) => {
  const { id } = await tunnels.create({});
  const body = params as Anthropic.Beta.Tunnels.CertificateCreateParams;
  await expect(tunnels.certificates.create(id, body)).rejects.toThrow(message);
  expect((await tunnels.certificates.list(id, { include_archived: true })).data).toEqual([]);
});

test('other bad bodies are 400, and name the field', async () => {
  const long = 'x'.repeat(256);
  await expect(tunnels.create({ display_name: '' })).rejects.toThrow(/400.*display_name: /);
  await expect(tunnels.create({ display_name: long })).rejects.toThrow(/400.*display_name: /);
  const { id } = await tunnels.create({});
  await expect(tunnels.rotateToken(id, { reason: 'x'.repeat(1025) })).rejects.toThrow(/400.*reason: /);
});

test('what is not there is 404, a certificate of another tunnel too', async () => {
  const mine = await tunnels.create({});
  const other = await tunnels.create({});
  const { id } = await tunnels.certificates.create(mine.id, { ca_certificate_pem: CA_PEM });
  const { certificates } = tunnels;
  for (const attempt of [
    () => tunnels.retrieve('tnl_x'),
    () => tunnels.archive('tnl_x'),
    () => tunnels.revealToken('tnl_x'),
    () => tunnels.rotateToken('tnl_x', {}),
    () => certificates.create('tnl_x', { ca_certificate_pem: CA_PEM }),
    () => certificates.list('tnl_x'),
    () => certificates.retrieve(id, { tunnel_id: 'tnl_x' }),
    () => certificates.retrieve(id, { tunnel_id: other.id }),
    () => certificates.archive(id, { tunnel_id: other.id }),
    () => certificates.archive('tcrt_x', { tunnel_id: mine.id }),
  ]) {
    await expect(attempt()).rejects.toThrow(NotFoundError);
  }
  expect((await certificates.retrieve(id, { tunnel_id: mine.id })).archived_at).toBeNull();
});

describe('lists', () => {
  test('tunnels in pages, newest first; archived ones where asked for', async () => {
    const made: string[] = [];
    for (let n = 0; n < 7; n++) made.unshift((await tunnels.create({ display_name: `list ${n}` })).id);
    await tunnels.archive(made[2] ?? '');
    const walk = async (include_archived: boolean) => {
      const seen: string[] = [];
      for await (const { id } of tunnels.list({ limit: 3, include_archived })) {
        if (made.includes(id)) seen.push(id);
      }
      return seen;
    };
    expect(await walk(true)).toEqual(made);
    expect(await walk(false)).toEqual(made.toSpliced(2, 1));
  });

  test('certificates of one tunnel in pages, newest first; archived ones where asked for', async () => {
    const { id: tunnel_id } = await tunnels.create({});
    const made: string[] = [];
    for (let n = 0; n < 5; n++) {
      const { id } = await tunnels.certificates.create(tunnel_id, { ca_certificate_pem: CA_PEM });
      made.unshift(id);
      if (n < 4) await tunnels.certificates.archive(id, { tunnel_id });
    }
    const all: string[] = [];
    for await (const { id } of tunnels.certificates.list(tunnel_id, { limit: 2, include_archived: true })) all.push(id);
    expect(all).toEqual(made);
    expect((await tunnels.certificates.list(tunnel_id)).data.map(({ id }) => id)).toEqual(made.slice(0, 1));
    const page = (await tunnels.certificates.list(tunnel_id, { limit: 2, include_archived: true })).next_page;
    await expect(tunnels.list({ page })).rejects.toThrow(/400.*page: this is not a cursor/);
  });

  test.each(['limit=0', 'limit=1001', 'include_archived=yes', 'page=page_x'])('%s is 400', async (query) => {
    const { id } = await tunnels.create({});
    for (const path of ['/v1/tunnels', `/v1/tunnels/${id}/certificates`]) {
      const response = await rawFetch(server, `${path}?${query}`);
      expect(response.status).toBe(400);
      const field = query.slice(0, query.indexOf('='));
      expect(await response.json()).toMatchObject({ error: { message: expect.stringContaining(`${field}: `) } });
    }
  });
});

test('actions take no body at all, and an empty one', async () => {
  for (const body of [undefined, '{}']) {
    const { id } = (await (await post('/v1/tunnels', body)).json()) as { id: string };
    expect((await post(`/v1/tunnels/${id}/reveal_token`, body)).status).toBe(200);
    expect((await post(`/v1/tunnels/${id}/rotate_token`, body)).status).toBe(200);
    expect((await post(`/v1/tunnels/${id}/archive`, body)).status).toBe(200);
  }
});

function post(path: string, body?: string): Promise<Response> {
  return rawFetch(server, path, { method: 'POST', ...(body === undefined ? {} : { body }) });
}
