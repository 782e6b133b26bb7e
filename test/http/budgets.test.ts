import { type Anthropic, BadRequestError } from '@anthropic-ai/sdk';
import { ApiError } from '../../src/api-error.js';
import { startTestServer, type TestServer, UNPRICED_MODEL } from '../support/app.js';

type Create = Partial<Anthropic.Beta.Sessions.SessionCreateParams>;
type Budget = Anthropic.Beta.Sessions.BetaManagedAgentsBudgetLimit;

let server: TestServer;
let sessions: Anthropic['beta']['sessions'];
let agent: string;
let unpriced: string;
let environment_id: string;
beforeAll(async () => {
  server = await startTestServer();
  const { agents, environments } = server.client.beta;
  sessions = server.client.beta.sessions;
  agent = (await agents.create({ name: 'a', model: 'm' })).id;
  unpriced = (await agents.create({ name: 'a', model: UNPRICED_MODEL })).id;
  environment_id = (await environments.create({ name: 'e' })).id;
});
afterEach(() => server.session.fail(null));
afterAll(() => server.stop());

const create = (params: Create = {}) => sessions.create({ agent, environment_id, ...params });
const withModel = (id: string, model: string) => ({ type: 'agent_with_overrides' as const, id, model });
const usd = (amount: string): Budget => ({ type: 'limit', max_list_cost: { amount, currency: 'USD' } });
const updates = async (id: string) => (await sessions.events.list(id, { types: ['session.updated'] })).data;

const refusal = (code: string, message: RegExp) => ({
  status: 400,
  error: {
    error: {
      type: 'invalid_request_error',
      message: expect.stringMatching(message),
      details: { error_code: code },
    },
  },
});

test('a budget is set at creation, replaced by a higher or a lower one, and removed for good', async () => {
  const { id, budget } = await create({ budget: usd('2500') });
  expect(budget).toEqual(usd('2500'));
  expect((await sessions.update(id, { budget: usd('999999999999999999') })).budget).toEqual(usd('999999999999999999'));
  expect((await sessions.update(id, { budget: usd('1') })).budget).toEqual(usd('1'));
  expect((await sessions.update(id, { title: 'new' })).budget).toEqual(usd('1'));
  expect((await sessions.update(id, { budget: null })).budget).toBeNull();
  expect((await sessions.retrieve(id)).budget).toBeNull();
  const seen = (await updates(id)).map((event) => ('budget' in event ? event.budget : 'absent'));
  expect(seen).toEqual([usd('999999999999999999'), usd('1'), 'absent', null]);
  await expect(sessions.update(id, { budget: usd('2') })).rejects.toMatchObject(
    refusal('budget_create_only', /^budget: /),
  );
});

test('a session without a budget never gets one, and nothing else of that request is done', async () => {
  const { id, budget } = await create();
  expect(budget).toBeNull();
  await expect(sessions.update(id, { title: 'new', budget: usd('1') })).rejects.toMatchObject(
    refusal('budget_create_only', /^budget: /),
  );
  expect((await sessions.update(id, { budget: null })).title).toBeNull();
});

test('a model without a list price has no budget; what counts is the model after overrides', async () => {
  const refused = refusal('model_not_budgetable', /^budget: the model unpriced has no list price/);
  const budget = usd('1');
  await expect(create({ agent: unpriced, budget })).rejects.toMatchObject(refused);
  await expect(create({ agent: withModel(agent, UNPRICED_MODEL), budget })).rejects.toMatchObject(refused);
  expect((await create({ agent: withModel(unpriced, 'm'), budget })).budget).toEqual(budget);
  expect((await create({ agent: unpriced })).budget).toBeNull();
});

test('where the price went away since, the budget can be removed but not changed', async () => {
  const { id } = await create({ budget: usd('1') });
  const row = { agent: JSON.stringify({ ...(await sessions.retrieve(id)).agent, model: { id: UNPRICED_MODEL } }) };
  await server.db.updateTable('sessions').set(row).where('id', '=', id).execute();
  await expect(sessions.update(id, { budget: usd('2') })).rejects.toMatchObject(
    refusal('model_not_budgetable', /^budget: /),
  );
  expect((await sessions.update(id, { budget: null })).budget).toBeNull();
});

test('while it runs, too; a cap that is too low is the session’s to refuse', async () => {
  const { id } = await create({ budget: usd('5') });
  server.session.emit(id, { type: 'session.status_running' });
  expect((await sessions.update(id, { budget: usd('6') })).budget).toEqual(usd('6'));
  const message = "budget.max_list_cost must be greater than the session's consumed list cost";
  server.session.fail(new ApiError('invalid_request_error', message, { code: 'budget_not_raised' }));
  const update = sessions.update(id, { title: 'x', budget: usd('1') });
  await expect(update).rejects.toMatchObject(refusal('budget_not_raised', /^budget\.max_list_cost must be greater/));
});

const limit = (max_list_cost: unknown) => ({ type: 'limit', max_list_cost });

test.each<[string, unknown, RegExp]>([
  ['a decimal fraction', usd('25.00'), /budget\.max_list_cost\.amount: must be whole cents/],
  ['nothing', usd('0'), /budget\.max_list_cost\.amount: must be whole cents/],
  ['a leading zero', usd('025'), /budget\.max_list_cost\.amount: must be whole cents/],
  ['less than nothing', usd('-1'), /budget\.max_list_cost\.amount: must be whole cents/],
  ['an exponent', usd('1e3'), /budget\.max_list_cost\.amount: must be whole cents/],
  ['an empty amount', usd(''), /budget\.max_list_cost\.amount: must be whole cents/],
  ['a line break', usd('25\n'), /budget\.max_list_cost\.amount: must be whole cents/],
  ['more than there is', usd('9'.repeat(19)), /budget\.max_list_cost\.amount: must be whole cents/],
  ['a number', limit({ amount: 25, currency: 'USD' }), /budget\.max_list_cost\.amount: .*string/],
  ['no amount', limit({ currency: 'USD' }), /budget\.max_list_cost\.amount: is required/],
  ['euros', limit({ amount: '25', currency: 'EUR' }), /budget\.max_list_cost\.currency: must be .*USD/],
  ['no currency', limit({ amount: '25' }), /budget\.max_list_cost\.currency: /],
  ['no cost', { type: 'limit' }, /budget\.max_list_cost: is required/],
  ['no type', { max_list_cost: { amount: '25', currency: 'USD' } }, /budget\.type: /],
  ['more than a limit', { ...usd('25'), soft: true }, /budget: .*soft/],
])('%s is 400, at creation and later', async (_what, budget, message) => {
  // Wrong on purpose.
  const params = { budget: budget as Budget };
  const { id } = await create({ budget: usd('1') });
  for (const attempt of [create(params), sessions.update(id, params)]) {
    const error: unknown = await attempt.catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(BadRequestError);
    expect(String(error)).toMatch(message);
  }
});

test('a session’s usage shows the list cost as it was reported; a thread’s has none of its own', async () => {
  const message = { type: 'user.message' as const, content: [{ type: 'text' as const, text: 'hi' }] };
  const { id } = await create({ initial_events: [message] });
  const state = await server.session.log.getState(id);
  Object.assign(state?.usage ?? {}, { list_cost: { amount: '17', currency: 'USD' } });
  expect((await sessions.retrieve(id)).usage).toMatchObject({ list_cost: { amount: '17', currency: 'USD' } });
  const [thread] = (await sessions.threads.list(id)).data;
  expect(thread?.usage).toMatchObject({ input_tokens: 0 });
  expect(thread?.usage).not.toHaveProperty('list_cost');
});
