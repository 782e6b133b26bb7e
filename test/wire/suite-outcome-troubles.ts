import type { UpstreamReply } from '../../bench/upstream-reply.js';
import { call, say } from './answers.js';
import { heldReply } from './held-reply.js';
import {
  define,
  expectSound,
  isGrading,
  outcomesOf,
  POEM,
  REVISE,
  RUBRIC,
  SATISFIED,
  says,
  verdictsOf,
} from './outcome-script.js';
import { newPricedModel, only, openTalk, typesOf, type Talk } from './session.js';
import type { GetWire } from './suite.js';

const BUSY: UpstreamReply = { error: { status: 529, type: 'overloaded_error', message: 'busy' } };
const REFUSED: UpstreamReply = { error: { status: 400, type: 'invalid_request_error' } };
const EVALUATION = ['span.outcome_evaluation_start', 'span.outcome_evaluation_end'];
/** More than four fifths of the window that models have unless something else is known. */
const CROWDED = { usage: { input_tokens: 190_000 } };
/** So much that a summary stands for the reply, too. */
const LONG = 'Sun. '.repeat(20_000);
/** Of Haiku 4.5's output tokens, which are five dollars for a million. */
const COSTLY = { usage: { input_tokens: 0, output_tokens: 50_000 } };

/** What goes wrong while an outcome is open, and what runs out. */
export function describeOutcomeTroubles(get: GetWire): void {
  describe('whose evaluation', () => {
    test('fails for now is evaluated again after a while: one evaluation, with one end', async () => {
      const talk = await openTalk(get(), { replies: [says('Rain.'), BUSY, SATISFIED] });
      const events = await talk.postUntilIdle(define());
      expect(typesOf(events).slice(6)).toEqual([
        'span.outcome_evaluation_start',
        'session.error',
        'session.thread_status_rescheduled',
        'session.status_rescheduled',
        'session.status_running',
        'session.thread_status_running',
        'span.outcome_evaluation_end',
        'session.thread_status_idle',
        'session.usage',
        'session.status_idle',
      ]);
      expect(only(events, 'session.error')).toMatchObject([
        { error: { type: 'model_overloaded_error', retry_status: { type: 'retrying' } } },
      ]);
      expect(await verdictsOf(talk)).toEqual([[0, 'satisfied']]);
      const [first, second] = get().requestsOf(talk.model).filter(isGrading);
      expect(second?.body).toEqual(first?.body);
      await expectSound(talk);
    });

    test('waits to be tried again can be interrupted in that', async () => {
      const wait = { status: 429, type: 'rate_limit_error', headers: { 'retry-after': '600' } };
      const talk = await openTalk(get(), { replies: [says('Rain.'), { error: wait }] });
      await talk.post(define());
      await talk.stream.until(({ type }) => type === 'session.status_rescheduled');
      expect(await outcomesOf(get, talk)).toMatchObject([{ result: 'evaluating' }]);
      await talk.interrupt();
      expect((await talk.stream.untilIdle(0)).at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
      expect(await verdictsOf(talk)).toEqual([[0, 'interrupted']]);
      await expectSound(talk);
    });

    test('fails for good has failed itself, and the session lives', async () => {
      const talk = await openTalk(get(), { replies: [says('Rain.'), REFUSED] });
      const events = await talk.postUntilIdle(define());
      expect(only(events, 'session.error')).toMatchObject([{ error: { retry_status: { type: 'exhausted' } } }]);
      expect(only(events, 'span.outcome_evaluation_end')).toMatchObject([
        { result: 'failed', explanation: expect.stringContaining('could not be evaluated') },
      ]);
      expect(events.at(-1)).toMatchObject({ stop_reason: { type: 'retries_exhausted' } });
      expect(await outcomesOf(get, talk)).toMatchObject([{ result: 'failed', completed_at: expect.any(String) }]);
      expect((await talk.turn('Hello.')).at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
      expect(await verdictsOf(talk)).toHaveLength(1);
      await expectSound(talk);
    });

    test('would cost more than the budget begins when that is raised', async () => {
      const replies = [says('Rain.', COSTLY), { ...SATISFIED, ...COSTLY }];
      const talk = await openTalk(get(), { model: newPricedModel(), budget: cap('20'), replies });
      const stopped = await talk.postUntilIdle(define());
      expect(stopped.at(-1)).toMatchObject({ stop_reason: { type: 'budget_reached' } });
      expect(typesOf(stopped)).not.toContain('span.outcome_evaluation_start');
      expect(await outcomesOf(get, talk)).toMatchObject([{ result: 'running', iteration: 0 }]);
      await get().client.beta.sessions.update(talk.id, { budget: cap('40') });
      const resumed = await talk.stream.untilIdle(stopped.length);
      expect(typesOf(resumed).slice(0, 5)).toEqual([
        'session.updated',
        'session.status_running',
        'session.thread_status_running',
        ...EVALUATION,
      ]);
      // The grader's tokens count.
      expect(only(resumed, 'session.usage')).toMatchObject([{ usage: { list_cost: { amount: '50' } } }]);
      expect(resumed.at(-1)).toMatchObject({ stop_reason: { type: 'budget_reached' } });
      expect(await verdictsOf(talk)).toEqual([[0, 'satisfied']]);
      const atBudget = { status: 400, message: expect.stringContaining('reached its budget') };
      await expect(talk.post(define())).rejects.toMatchObject(atBudget);
      await expectSound(talk);
    });
  });

  describe('that comes to its budget', () => {
    test('while it is evaluated is evaluated on when that is raised: one evaluation, with one end', async () => {
      const look = { blocks: [call('glob', { pattern: '*' })], ...COSTLY };
      const replies = [says('Rain.'), look, SATISFIED];
      const talk = await openTalk(get(), { model: newPricedModel(), tools: true, budget: cap('20'), replies });
      const stopped = await talk.postUntilIdle(define());
      expect(stopped.at(-1)).toMatchObject({ stop_reason: { type: 'budget_reached' } });
      expect(typesOf(stopped)).toContain('span.outcome_evaluation_start');
      expect(get().requestsOf(talk.model)).toHaveLength(2);
      expect(await outcomesOf(get, talk)).toMatchObject([{ result: 'evaluating', iteration: 0 }]);
      await get().client.beta.sessions.update(talk.id, { budget: cap('1000') });
      const resumed = await talk.stream.untilIdle(stopped.length);
      expect(typesOf(resumed)).not.toContain('span.outcome_evaluation_start');
      const [start] = only(stopped, 'span.outcome_evaluation_start');
      expect(only(resumed, 'span.outcome_evaluation_end')).toMatchObject([
        { outcome_evaluation_start_id: start?.id, result: 'satisfied', usage: { output_tokens: expect.any(Number) } },
      ]);
      expect(only(resumed, 'span.outcome_evaluation_end')[0]?.usage.output_tokens).toBeGreaterThan(50_000);
      await expectSound(talk);
    });
  });

  describe('whose agent fails for good', () => {
    test('stays open: no other beside it, and the next message’s turn is evaluated', async () => {
      const talk = await openTalk(get(), { replies: [REFUSED, says('Rain.'), SATISFIED] });
      const events = await talk.postUntilIdle(define());
      expect(events.at(-1)).toMatchObject({ stop_reason: { type: 'retries_exhausted' } });
      expect(await verdictsOf(talk)).toEqual([]);
      await expect(talk.post(define())).rejects.toMatchObject({ status: 400 });
      const next = await talk.postUntilIdle(say('Try again.'));
      expect(typesOf(next)).toEqual(expect.arrayContaining(EVALUATION));
      expect(get().requestsOf(talk.model)[1]?.text).toMatch(/A poem about the weather[^]*Try again\.$/);
      expect(await verdictsOf(talk)).toEqual([[0, 'satisfied']]);
      await expectSound(talk);
    });

    test('is over when the session is archived, or interrupted at rest', async () => {
      for (const end of ['archive', 'interrupt'] as const) {
        const talk = await openTalk(get(), { replies: [REFUSED] });
        await talk.postUntilIdle(define());
        if (end === 'archive') await get().client.beta.sessions.archive(talk.id);
        else await talk.interrupt();
        expect(await outcomesOf(get, talk)).toMatchObject([
          { result: 'interrupted', completed_at: expect.any(String) },
        ]);
        const given = only(await talk.list(), 'span.outcome_evaluation_end');
        expect(given).toMatchObject([{ result: 'interrupted', outcome_evaluation_start_id: '' }]);
      }
    });
  });

  describe('in a conversation that is summed up', () => {
    test('is evaluated by its definition, and the revision knows what it revises', async () => {
      const replies = [{}, says(LONG, CROWDED), REVISE, says('All that was.'), says('Rain.'), SATISFIED];
      const talk = await openTalk(get(), { replies });
      await talk.turn('Hello.');
      const events = await talk.postUntilIdle(define());
      expect(only(events, 'agent.thread_context_compacted')).toHaveLength(1);
      expect(await verdictsOf(talk)).toEqual([
        [0, 'needs_revision'],
        [1, 'satisfied'],
      ]);
      const revision = toldTo(talk, 4);
      for (const part of ['All that was.', POEM, RUBRIC, 'There is no rain.']) expect(revision).toContain(part);
      expect(revision).not.toContain('Sun.');
      expect(toldTo(talk, 5)).toContain(RUBRIC);
      await expectSound(talk);
    });

    test('and defined while the last reply of what is summed up was made is told whole', async () => {
      const crowding = heldReply(says(LONG, CROWDED));
      const replies = [{}, crowding.reply, says('All that was.'), says('Rain.'), SATISFIED];
      const talk = await openTalk(get(), { replies });
      await talk.turn('Hello.');
      const from = talk.stream.events.length;
      await talk.send('What is the weather?');
      await crowding.asked;
      await talk.post(define());
      crowding.release();
      const events = await talk.stream.untilIdle(from);
      expect(only(events, 'agent.thread_context_compacted')).toHaveLength(1);
      const told = toldTo(talk, 3);
      for (const part of ['All that was.', POEM, RUBRIC]) expect(told).toContain(part);
      expect(await verdictsOf(talk)).toEqual([[0, 'satisfied']]);
      await expectSound(talk);
    });
  });

  function toldTo({ model }: Talk, request: number): string {
    return JSON.stringify(get().requestsOf(model)[request]?.body.messages);
  }
}

function cap(amount: string) {
  return { type: 'limit' as const, max_list_cost: { amount, currency: 'USD' as const } };
}
