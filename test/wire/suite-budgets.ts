import type Anthropic from '@anthropic-ai/sdk';
import type { UpstreamReply } from '../../bench/upstream-reply.js';
import { allow, asking, call, say } from './answers.js';
import { heldReply } from './held-reply.js';
import { newPricedModel, only, openTalk, typesOf } from './session.js';
import type { GetWire } from './suite.js';

const IDLE = ['session.thread_status_idle', 'session.usage', 'session.status_idle'];

/** A reply of so many cents at Haiku 4.5's price, five dollars for a million tokens of output. */
const costing = (cents: number, more: UpstreamReply = {}): UpstreamReply => ({
  ...more,
  usage: { input_tokens: 0, output_tokens: cents * 2_000 },
});

const cap = (amount: string): Anthropic.Beta.Sessions.BetaManagedAgentsBudgetLimit => ({
  type: 'limit',
  max_list_cost: { amount, currency: 'USD' },
});

/** What a session may cost. */
export function describeBudgets(get: GetWire): void {
  describe('a budget', () => {
    test('is not noticed below its cap; what was spent is in every usage', async () => {
      const talk = await openTalk(get(), { model: newPricedModel(), budget: cap('1000'), replies: [costing(25)] });
      const events = await talk.turn('go');
      expect(events.at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
      expect(only(events, 'session.usage')).toMatchObject([
        { budget: cap('1000'), usage: { list_cost: { amount: '25', currency: 'USD' }, output_tokens: 50_000 } },
      ]);
      const session = await get().client.beta.sessions.retrieve(talk.id);
      expect(session).toMatchObject({ budget: cap('1000'), usage: { list_cost: { amount: '25' } } });
    });

    test('that is reached stops the turn before its next request; raised, the turn goes on', async () => {
      const talk = await openTalk(get(), {
        model: newPricedModel(),
        tools: true,
        budget: cap('20'),
        replies: [costing(25, { blocks: [call('bash', { command: 'echo one' })] })],
      });
      const stopped = await talk.turn('go');
      expect(typesOf(stopped).slice(-5)).toEqual(['span.model_request_end', 'agent.tool_result', ...IDLE]);
      const reached = { stop_reason: { type: 'budget_reached' } };
      expect([stopped.at(-3), stopped.at(-1)]).toMatchObject([reached, reached]);
      expect(get().requestsOf(talk.model)).toHaveLength(1);
      await expect(talk.send('more')).rejects.toMatchObject({
        status: 400,
        message: expect.stringMatching(
          /tool_confirmation, user\.tool_result, user\.custom_tool_result and user\.interr/,
        ),
      });
      const list = await talk.list();
      const [echo] = await talk.post({ type: 'user.interrupt' });
      expect(echo).toMatchObject({ id: expect.stringMatching(/^sevt_/), processed_at: expect.any(String) });
      expect(await talk.list()).toEqual(list);

      const from = talk.stream.events.length;
      const { sessions } = get().client.beta;
      await expect(sessions.update(talk.id, { budget: cap('25') })).rejects.toMatchObject({
        status: 400,
        error: { error: { details: { error_code: 'budget_not_raised' } } },
      });
      expect((await sessions.update(talk.id, { budget: cap('100') })).budget).toEqual(cap('100'));
      const resumed = await talk.stream.untilIdle(from);
      expect(typesOf(resumed)).toEqual([
        'session.updated',
        'session.status_running',
        'session.thread_status_running',
        'span.model_request_start',
        'agent.message',
        'span.model_request_end',
        ...IDLE,
      ]);
      expect(resumed[0]).toMatchObject({ budget: cap('100') });
      expect(resumed.at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
    });

    test('that a turn crosses with its last request: the turn has ended, the session has reached its budget', async () => {
      const talk = await openTalk(get(), { model: newPricedModel(), budget: cap('20'), replies: [costing(25)] });
      const events = await talk.turn('go');
      expect(events.at(-3)).toMatchObject({ stop_reason: { type: 'end_turn' } });
      expect(events.at(-1)).toMatchObject({ stop_reason: { type: 'budget_reached' } });
      // Removed, it cannot be added again.
      const { sessions } = get().client.beta;
      expect((await sessions.update(talk.id, { budget: null })).budget).toBeNull();
      expect(only(await talk.list(), 'session.updated')).toMatchObject([{ budget: null }]);
      await expect(sessions.update(talk.id, { budget: cap('500') })).rejects.toMatchObject({
        status: 400,
        error: { error: { details: { error_code: 'budget_create_only' } } },
      });
      expect((await talk.turn('and now?')).at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
    });

    test('that is reached while somebody is asked: the question comes first, and its answer is carried out', async () => {
      const talk = await openTalk(get(), {
        model: newPricedModel(),
        tools: [asking('bash')],
        budget: cap('20'),
        replies: [costing(25, { blocks: [call('bash', { command: 'echo allowed' })] })],
      });
      const asked = await talk.turn('go');
      expect(asked.at(-1)).toMatchObject({ stop_reason: { type: 'requires_action' } });
      const settled = await talk.postUntilIdle(allow(only(asked, 'agent.tool_use')[0]?.id ?? ''));
      expect(only(settled, 'agent.tool_result')).toMatchObject([{ is_error: false }]);
      expect(settled.at(-1)).toMatchObject({ stop_reason: { type: 'budget_reached' } });
      expect(get().requestsOf(talk.model)).toHaveLength(1);
    });

    test('that is reached leaves what was queued for when it is removed', async () => {
      const { reply, release } = heldReply(costing(25));
      const talk = await openTalk(get(), { model: newPricedModel(), budget: cap('20'), replies: [reply] });
      await talk.send('one');
      await talk.stream.until(({ type }) => type === 'span.model_request_start');
      await talk.post(say('two'));
      release();
      const first = await talk.stream.untilIdle(0);
      expect(first.at(-1)).toMatchObject({ stop_reason: { type: 'budget_reached' } });
      expect((await talk.list()).at(-1)).toMatchObject({ type: 'user.message', processed_at: null });
      await get().client.beta.sessions.update(talk.id, { budget: null });
      await talk.stream.untilIdle(first.length);
      expect(get().requestsOf(talk.model)).toHaveLength(2);
    });

    test('is not given to a model without a price', async () => {
      await expect(openTalk(get(), { budget: cap('100') })).rejects.toMatchObject({
        status: 400,
        error: { error: { details: { error_code: 'model_not_budgetable' } } },
      });
      const talk = await openTalk(get());
      const events = await talk.turn('go');
      expect(only(events, 'session.usage')).toMatchObject([{ budget: null, usage: { list_cost: null } }]);
    });
  });
}
