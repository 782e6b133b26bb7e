import { CALLERS } from '../../src/http/callers.js';
import { type Operation, ROUTES } from '../../src/http/routes.js';
import { CORPUS, type Known } from '../fuzz/corpus.js';
import { goodRequest, type Sent } from '../fuzz/request.js';
import { memoryScene } from '../fuzz/scene.js';
import { type Answer, createTransport, type Transport } from '../fuzz/transport.js';
import { newEnvironmentKey, newWorkspace } from '../support/admin.js';
import { startTestServer, type TestServer } from '../support/app.js';
import { ID, unknownIds } from '../support/unknown-ids.js';

/*
 * Everything that a request can name is made in one workspace, and asked for with keys of another. The requests are
 * those of the fuzz test, so a route that comes to be carried out is walked as soon as it has one there.
 */
let server: TestServer;
let transport: Transport;
let known: Known;
let ownKey: string;
let foreign: { apiKey: string; environmentKey: string };
let before: string[];

beforeAll(async () => {
  server = await startTestServer();
  transport = createTransport(server.url, { atOnce: 4, patienceMs: 20_000 });
  const [own, other] = [await newWorkspace(server), await newWorkspace(server)];
  // Keys of a workspace do not administer the organization.
  own.client.beta.organization = server.client.beta.organization;
  const { targets, ...scene } = await memoryScene({ ...server, client: own.client });
  const target = targets.find(({ state }) => state === 'waiting');
  if (!target) throw new Error('The scene has no session that waits.');
  known = { ...scene, ...target };
  ownKey = own.key.key;
  const { id } = await other.client.beta.environments.create({ name: 'e', config: { type: 'self_hosted' } });
  foreign = { apiKey: other.key.key, environmentKey: (await newEnvironmentKey(server, id)).key };
  before = await lookAround();
});
afterAll(async () => {
  transport.close();
  await server.stop();
});

const BUILT = ROUTES.filter(([, , operation]) => CORPUS[operation]);

/** The same for everybody: no row of a workspace. */
const COMMON: ReadonlySet<Operation> = new Set(['models.retrieve', 'models.list']);

/** What a list can be narrowed down to, and under which name one of them is known. */
const FILTERS: { readonly [Name in Operation]?: Readonly<Record<string, keyof Known>> } = {
  'sessions.list': { agent_id: 'agent_id', memory_store_id: 'memory_store_id', deployment_id: 'deployment_id' },
  'deployments.list': { agent_id: 'agent_id' },
  'deploymentRuns.list': { deployment_id: 'deployment_id' },
  'files.list': { 'ids[]': 'file_id', scope_id: 'session_id' },
};

test('a route that has no request here is not carried out, and requests name what is there', async () => {
  for (const route of ROUTES.filter(([, , operation]) => !CORPUS[operation])) {
    const { status } = await transport.send(goodRequest(route, known, ownKey));
    expect([route[2], status]).toEqual([route[2], 501]);
  }
  const paths = BUILT.map((route) => goodRequest(route, known, ownKey).path);
  // What has no name in the scene is filled with this.
  expect(paths.filter((path) => path.includes('/x_1'))).toEqual([]);
});

const isNaming = ([, path, operation]: (typeof ROUTES)[number]) => path.includes(':') && !COMMON.has(operation);

test.each(BUILT.filter(isNaming).map((route) => [route[2], route] as const))(
  '%s: what is of another workspace is as if it were not there at all',
  async (_, route) => {
    const { foreign, unknown, leaked } = await compare(foreignRequest(route));
    expect(foreign).toEqual(unknown);
    expect(foreign.status).toBe(route[2].startsWith('organization.') ? 403 : 404);
    expect(leaked).toEqual([]);
  },
);

test.each(BUILT.filter((route) => !isNaming(route)).map((route) => [route[2], route] as const))(
  '%s: says nothing of another workspace',
  async (_, route) => {
    const { foreign, unknown, leaked } = await compare(foreignRequest(route));
    expect(foreign).toEqual(unknown);
    expect(leaked).toEqual([]);
  },
);

const FILTERED = BUILT.flatMap((route) =>
  Object.entries(FILTERS[route[2]] ?? {}).map(([name, id]) => [route[2], name, id, route] as const),
);

test.each(FILTERED)('%s by a foreign %s finds nothing', async (_, name, id, route) => {
  const path = `${route[1]}?${encodeURIComponent(name)}=${known[id]}`;
  const sent = { ...foreignRequest(route), path };
  const { foreign, unknown } = await compare(sent);
  expect(foreign).toEqual(unknown);
  expect({ status: foreign.status, ...JSON.parse(foreign.text) }).toMatchObject({ status: 200, data: [] });
});

test('all of it is as it was', async () => {
  expect(await lookAround()).toEqual(before);
});

/** The answer, the one to the same request with ids that nobody has, and what the first says of theirs that it was not told. */
async function compare(sent: Sent) {
  const [answer, other] = [await transport.send(sent), await transport.send(withUnknownIds(sent))];
  const said = new Set(`${sent.path} ${String(sent.body)}`.match(ID));
  const own = new Set(JSON.stringify(known).match(ID));
  const leaked = answer.text.match(ID)?.filter((id) => own.has(id) && !said.has(id)) ?? [];
  return { foreign: comparable(sent, answer), unknown: comparable(sent, other), leaked };
}

/** What may not differ but for the ids in it; of what was made of the request alone that it was made. */
function comparable({ method, path }: Sent, { status, text, headers }: Answer) {
  const isMade = method === 'POST' && status === 200 && path.match(ID) === null;
  const { 'content-type': type, 'x-should-retry': retry } = headers;
  return { status, type, retry, text: isMade ? 'made' : text.replaceAll(ID, '…') };
}

function withUnknownIds({ path, body, ...sent }: Sent): Sent {
  return { ...sent, path: unknownIds(path), ...(typeof body === 'string' && { body: unknownIds(body) }) };
}

function foreignRequest(route: (typeof ROUTES)[number]): Sent {
  return goodRequest(route, { ...known, environment_key: foreign.environmentKey }, keyFor(route[2]));
}

/** Whoever may call it at all. */
function keyFor(operation: Operation): string {
  return (CALLERS[operation] ?? ['api_key']).includes('api_key') ? foreign.apiKey : foreign.environmentKey;
}

/** What the workspace's own key is shown, but for how long sessions have lasted. */
async function lookAround(): Promise<string[]> {
  const looks = BUILT.filter(([method]) => method === 'GET').map((route) => goodRequest(route, known, ownKey));
  const answers = await Promise.all(looks.map((sent) => transport.send(sent)));
  return answers.map(({ status, text }, index) => {
    const same = text.replace(/"request_id":"\w+"/, '').replaceAll(/"duration_seconds":[\d.]+/g, '');
    return `${looks[index]?.path}: ${status} ${same}`;
  });
}
