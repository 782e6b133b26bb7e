import { type Anthropic, BadRequestError } from '@anthropic-ai/sdk';
import { startTestServer, type TestServer } from '../support/app.js';
import { createDeployment, fireOf, firesAt, runsOf, TEN } from '../support/deployments.js';
import { addOutput } from '../support/outputs.js';

type Definition = Anthropic.Beta.Sessions.BetaManagedAgentsUserDefineOutcomeEventParams;
type EventParams = Anthropic.Beta.Sessions.BetaManagedAgentsEventParams;

let server: TestServer;
let client: Anthropic['beta'];
let parts: { agent: string; environment_id: string };
let session: string;
let skippedMs = 0;
beforeAll(async () => {
  server = await startTestServer({ now: () => Date.now() + skippedMs });
  client = server.client.beta;
  const agent = await client.agents.create({ name: 'a', model: 'm' });
  parts = { agent: agent.id, environment_id: (await client.environments.create({ name: 'e' })).id };
  session = (await client.sessions.create(parts)).id;
});
afterAll(() => server.stop());

const OUTCOME: Definition = {
  type: 'user.define_outcome',
  description: 'A poem',
  rubric: { type: 'text', content: 'It rhymes.' },
};
const MESSAGE = { type: 'user.message' as const, content: [{ type: 'text' as const, text: 'hi' }] };
const LONGEST = 262_144;
const SECONDS = 1_000;

const byFile = (file_id: string): Definition => ({ ...OUTCOME, rubric: { type: 'file', file_id } });

async function upload(content: string | Uint8Array<ArrayBuffer>, type = 'text/plain', expires_in_seconds?: number) {
  const file = new File([content], 'rubric', { type });
  return (await client.files.upload({ file, ...(expires_in_seconds !== undefined && { expires_in_seconds }) })).id;
}

type Events = readonly unknown[];
// What is not an event is for the server to judge.
const send = (events: Events) => client.sessions.events.send(session, { events: events as EventParams[] });
const begin = (events: Events) => client.sessions.create({ ...parts, initial_events: events as Definition[] });
const deploy = (events: Events) => createDeployment(server.client, { initial_events: events as Definition[] });

/** Everywhere an outcome may be defined, and what its events are called there. */
const DOORS: readonly [string, (events: Events) => Promise<unknown>][] = [
  ['events', send],
  ['initial_events', begin],
  ['initial_events', deploy],
];

/** All that a refused request could have left behind. */
async function traces(): Promise<unknown[]> {
  const { db } = server;
  return [
    (await client.sessions.events.list(session)).data.map(({ id }) => id),
    await db.selectFrom('sessions').select('id').execute(),
    await db.selectFrom('deployments').select('id').execute(),
  ];
}

/** How each door refuses these events, none of which it keeps. */
async function refusals(...events: unknown[]): Promise<string[]> {
  const before = await traces();
  const texts: string[] = [];
  for (const [, enter] of DOORS) {
    const error: unknown = await enter(events).catch((caught: unknown) => caught);
    texts.push(error instanceof BadRequestError ? error.message : `not refused: ${JSON.stringify(error)}`);
  }
  expect(await traces()).toEqual(before);
  return texts;
}

/** Each names the field below its own list of events. */
const naming = (index: number, fault: RegExp) =>
  DOORS.map(([path]): unknown => expect.stringMatching(new RegExp(`"message":"${path}\\.${index}${fault.source}`)));

describe('what is refused wherever it is defined, and leaves nothing', () => {
  test.each<[string, object, RegExp]>([
    ['no description', { description: undefined }, /\.description: is required/],
    ['an empty description', { description: '' }, /\.description: /],
    ['a description that is no text', { description: { type: 'text', text: 'x' } }, /\.description: /],
    ['a description of 262,145 characters', { description: 'x'.repeat(LONGEST + 1) }, /\.description: .*262144/],
    ['no rubric', { rubric: undefined }, /\.rubric: is required/],
    ['null for a rubric', { rubric: null }, /\.rubric: /],
    ['a rubric that is no object', { rubric: 'It rhymes.' }, /\.rubric: /],
    ['a rubric of another type', { rubric: { type: 'url', url: 'https://x.example' } }, /\.rubric\.type: /],
    ['a rubric of no type', { rubric: { content: 'x' } }, /\.rubric\.type: /],
    ['a rubric without text', { rubric: { type: 'text' } }, /\.rubric\.content: is required/],
    ['an empty rubric', { rubric: { type: 'text', content: '' } }, /\.rubric\.content: /],
    ['a blank rubric', { rubric: { type: 'text', content: ' \n\t' } }, /\.rubric\.content: must not be blank/],
    [
      'a rubric of 262,145 characters',
      { rubric: { type: 'text', content: 'x'.repeat(LONGEST + 1) } },
      /\.rubric\.content: .*262144/,
    ],
    ['a rubric with more', { rubric: { ...OUTCOME.rubric, file_id: 'file_1' } }, /\.rubric: .*file_id/],
    ['a file without an id', { rubric: { type: 'file' } }, /\.rubric\.file_id: is required/],
    ['a file with an empty id', { rubric: { type: 'file', file_id: '' } }, /\.rubric\.file_id: /],
    ['no iteration', { max_iterations: 0 }, /\.max_iterations: /],
    ['21 iterations', { max_iterations: 21 }, /\.max_iterations: .*20/],
    ['one and a half', { max_iterations: 1.5 }, /\.max_iterations: /],
    ['iterations as text', { max_iterations: '3' }, /\.max_iterations: /],
  ])('%s', async (_what, change, fault) => {
    expect(await refusals(MESSAGE, { ...OUTCOME, ...change })).toEqual(naming(1, fault));
  });

  test.each<[string, () => Promise<string>, RegExp, string | null]>([
    ['that was never there', async () => 'file_none', /there is no file file_none/, 'file_not_found'],
    ['that was deleted', deleted, /there is no file/, 'file_not_found'],
    ['of another workspace', foreign, /there is no file/, 'file_not_found'],
    ['that has expired', expired, /has expired/, 'file_expired'],
    ['with an image', () => upload('x', 'image/png'), /is image\/png; a rubric is text/, null],
    ['with a PDF', () => upload('%PDF-1.7', 'application/pdf'), /is application\/pdf; a rubric is text/, null],
    ['of no known type', () => upload('x', ''), /is application\/octet-stream; a rubric is text/, null],
    ['that is not UTF-8', () => upload(Uint8Array.of(0x61, 0xff, 0xfe)), /is no text in UTF-8/, null],
    ['cut within a character', () => upload(Uint8Array.of(0x61, 0xe2, 0x82)), /is no text in UTF-8/, null],
    // None like it can be uploaded.
    ['with nothing in it', async () => (await addOutput(server, session, 'rubric.txt', '')).id, /is blank/, null],
    ['with white space in it', () => upload(' \n\t'), /is blank/, null],
    ['of 262,145 characters', () => upload('x'.repeat(LONGEST + 1)), /more than 262144 characters/, null],
    ['of a megabyte and more', () => upload('x'.repeat(2 ** 20 + 1)), /more than 1 MB/, null],
  ])('a file %s', async (_what, prepare, fault, code) => {
    const texts = await refusals(MESSAGE, byFile(await prepare()));
    expect(texts).toEqual(naming(1, new RegExp(`\\.rubric\\.file_id: .*${fault.source}`)));
    for (const text of texts) expect(text.includes(`"error_code":"${code}"`)).toBe(code !== null);
  });

  test('a second outcome', async () => {
    const fault = /: a session works toward one outcome at a time/;
    expect(await refusals(OUTCOME, MESSAGE, OUTCOME)).toEqual(naming(2, fault));
  });
});

async function deleted(): Promise<string> {
  const id = await upload('It rhymes.');
  await client.files.delete(id);
  return id;
}

async function foreign(): Promise<string> {
  const id = await upload('theirs');
  await server.db.updateTable('files').set({ workspace: 'wrkspc_other' }).where('id', '=', id).execute();
  return id;
}

async function expired(): Promise<string> {
  const id = await upload('It rhymes.', 'text/plain', 3_600);
  skippedMs += 3_601 * SECONDS;
  return id;
}

/** The definition as the session has it in its log. */
async function definitionIn(id: string) {
  const { data } = await client.sessions.events.list(id, { types: ['user.define_outcome'], order: 'desc' });
  return data[0];
}

describe('an outcome', () => {
  test('is echoed with its id and time, and listed the same', async () => {
    const { data = [] } = await send([MESSAGE, OUTCOME]);
    const { id } = data[1] ?? {};
    expect(data[1]).toEqual({
      id: expect.stringMatching(/^sevt_\w{24}$/),
      type: 'user.define_outcome',
      description: 'A poem',
      rubric: { type: 'text', content: 'It rhymes.' },
      max_iterations: null,
      outcome_id: expect.stringMatching(/^outc_\w{24}$/),
      processed_at: expect.stringMatching(/Z$/),
    });
    expect(await definitionIn(session)).toEqual(data[1]);
    expect(id).not.toBe((data[1] as { outcome_id?: string }).outcome_id);
  });

  test.each<[string, Partial<Definition>]>([
    ['one iteration', { max_iterations: 1 }],
    ['20 iterations', { max_iterations: 20 }],
    ['null for the default', { max_iterations: null }],
    // As a message's text it may be blank.
    ['a blank description', { description: ' ' }],
    ['as long as can be', { description: 'd'.repeat(LONGEST), rubric: { type: 'text', content: '€'.repeat(LONGEST) } }],
  ])('with %s', async (_what, change) => {
    const { data } = await send([{ ...OUTCOME, ...change }]);
    expect(data?.[0]).toMatchObject({ ...OUTCOME, ...change });
    const { id } = await begin([{ ...OUTCOME, ...change }]);
    expect(await definitionIn(id)).toMatchObject({ ...OUTCOME, ...change });
    await expect(deploy([{ ...OUTCOME, ...change }])).resolves.toMatchObject({
      initial_events: [{ ...OUTCOME, ...change }],
    });
  });
});

describe('a rubric from a file', () => {
  test.each([
    ['text/plain', '€'.repeat(LONGEST)],
    ['text/markdown', '# Größe\r\n\n- \u{1F600} \u0000\n'],
    ['application/json', '\uFEFF{"rhymes": true}'],
  ])('of %s is its text from then on, to the byte', async (type, content) => {
    const file_id = await upload(content, type);
    const rubric = { type: 'text', content };
    expect((await send([byFile(file_id)])).data?.[0]).toMatchObject({ rubric, processed_at: expect.any(String) });
    const { id } = await begin([byFile(file_id)]);
    await client.files.delete(file_id);
    expect(await definitionIn(session)).toMatchObject({ rubric });
    expect(await definitionIn(id)).toMatchObject({ rubric });
  });

  test('is kept by a deployment as it was given, and read by each run', async () => {
    const file_id = await upload('It rhymes.');
    const deployment = await deploy([byFile(file_id)]);
    expect(deployment.initial_events).toEqual([byFile(file_id)]);
    expect((await client.deployments.retrieve(deployment.id)).initial_events).toEqual([byFile(file_id)]);
    const run = await client.deployments.run(deployment.id);
    expect(run.error).toBeNull();
    expect(await definitionIn(run.session_id ?? '')).toMatchObject(OUTCOME);
    await client.files.delete(file_id);
    const before = await server.db.selectFrom('sessions').select('id').execute();
    const failed = await client.deployments.run(deployment.id);
    const error = { type: 'file_not_found_error', message: expect.stringContaining(file_id) };
    expect(failed).toMatchObject({ session_id: null, error });
    expect(await server.db.selectFrom('sessions').select('id').execute()).toEqual(before);
    expect((await client.deployments.retrieve(deployment.id)).status).toBe('active');
  });

  test('that is gone when its deployment is due pauses that', async () => {
    const file_id = await upload('It rhymes.', 'text/plain', 3_600);
    const deployment = await deploy([byFile(file_id)]);
    skippedMs += 3_601 * SECONDS;
    await firesAt(server, TEN).carryOut(fireOf(server, deployment), { isLast: false });
    const error = { type: 'file_not_found_error' };
    expect(await runsOf(server.client, deployment.id)).toMatchObject([{ session_id: null, error }]);
    expect(await client.deployments.retrieve(deployment.id)).toMatchObject({
      status: 'paused',
      paused_reason: { type: 'error', error },
    });
  });

  test('is looked at when a deployment is changed', async () => {
    const deployment = await deploy([MESSAGE]);
    const binary = await upload(Uint8Array.of(0xff));
    const update = client.deployments.update(deployment.id, { initial_events: [byFile(binary)] });
    await expect(update).rejects.toThrow(/initial_events\.0\.rubric\.file_id: .*UTF-8/);
    expect(await client.deployments.retrieve(deployment.id)).toEqual(deployment);
  });
});

/** As every answer that shows the session has it. */
async function shown(id: string) {
  const updated = await client.sessions.update(id, { title: `after ${Math.random()}` });
  const retrieved = await client.sessions.retrieve(id);
  const listed = (await client.sessions.list()).data.find((other) => other.id === id);
  expect(retrieved.outcome_evaluations).toEqual(updated.outcome_evaluations);
  expect(listed?.outcome_evaluations).toEqual(updated.outcome_evaluations);
  return updated.outcome_evaluations;
}

describe('session.outcome_evaluations', () => {
  test('tells of each outcome how far it has come, in the answer to create and in all others', async () => {
    const { id, outcome_evaluations } = await begin([OUTCOME]);
    const definition = await definitionIn(id);
    const { outcome_id } = definition as { outcome_id: string };
    const started = {
      type: 'outcome_evaluation',
      outcome_id,
      description: 'A poem',
      result: 'pending',
      iteration: 0,
      explanation: null,
      completed_at: null,
    };
    expect(outcome_evaluations).toEqual([started]);
    expect(await shown(id)).toEqual([started]);

    const emit = (type: 'start' | 'end', iteration: number, fields: object = {}) =>
      server.session.emit(id, { type: `span.outcome_evaluation_${type}`, outcome_id, iteration, ...fields });
    emit('start', 0);
    expect(await shown(id)).toEqual([{ ...started, result: 'evaluating' }]);
    emit('end', 0, { result: 'needs_revision', explanation: 'No rhyme.' });
    const revised = { ...started, result: 'running', iteration: 1, explanation: 'No rhyme.' };
    expect(await shown(id)).toEqual([revised]);
    emit('start', 1);
    const { processed_at } = emit('end', 1, { result: 'satisfied', explanation: 'It does.' });
    const met = { ...revised, result: 'satisfied', explanation: 'It does.', completed_at: processed_at };
    expect(await shown(id)).toEqual([met]);

    await client.sessions.events.send(id, { events: [{ ...OUTCOME, description: 'Another' }] });
    const next = { ...started, outcome_id: expect.stringMatching(/^outc_/), description: 'Another' };
    const both = await shown(id);
    expect(both).toEqual([met, next]);
    expect(both[1]?.outcome_id).not.toBe(outcome_id);
    expect((await client.sessions.archive(id)).outcome_evaluations).toEqual(both);
  });

  test('is empty without one', async () => {
    const { id, outcome_evaluations } = await begin([MESSAGE]);
    expect(outcome_evaluations).toEqual([]);
    expect(await shown(id)).toEqual([]);
  });
});
