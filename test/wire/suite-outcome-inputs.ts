import { answer, customTool, say, call } from './answers.js';
import { heldReply } from './held-reply.js';
import {
  define,
  expectSound,
  isGrading,
  outcomesOf,
  POEM,
  REVISE,
  SATISFIED,
  says,
  verdictsOf,
} from './outcome-script.js';
import { only, openTalk, typesOf, type Talk } from './session.js';
import type { GetWire } from './suite.js';

const SLOW = { firstTokenMs: 20_000 };

/** What comes while an outcome is open: interrupts, messages, definitions, updates. */
export function describeOutcomeInputs(get: GetWire): void {
  describe('interrupted', () => {
    test('while the agent works is over, without an evaluation that had begun', async () => {
      const talk = await openTalk(get(), { replies: [SLOW] });
      await talk.post(define());
      await talk.stream.until(({ type }) => type === 'span.model_request_start');
      await talk.interrupt();
      const events = await talk.stream.untilIdle(0);
      expect(only(events, 'span.outcome_evaluation_end')).toMatchObject([
        { outcome_evaluation_start_id: '', result: 'interrupted', iteration: 0, usage: { input_tokens: 0 } },
      ]);
      expect(events.at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
      expect(await outcomesOf(get, talk)).toMatchObject([{ result: 'interrupted', completed_at: expect.any(String) }]);
      await talk.turn('And now?');
      expect(await verdictsOf(talk)).toHaveLength(1);
      expect(get().requestsOf(talk.model)).toHaveLength(2);
      await expectSound(talk);
    });

    test('while its work is evaluated is over: the grader is stopped, and its evaluation ended', async () => {
      const grading = heldReply(SATISFIED);
      const talk = await openTalk(get(), { replies: [says('Sun.'), REVISE, says('Snow.'), grading.reply] });
      await talk.post(define());
      await grading.asked;
      await talk.interrupt();
      const events = await talk.stream.untilIdle(0);
      expect(only(events, 'span.outcome_evaluation_end').at(-1)).toMatchObject({
        outcome_evaluation_start_id: only(events, 'span.outcome_evaluation_start')[1]?.id,
        result: 'interrupted',
        iteration: 1,
      });
      expect(get().requestsOf(talk.model)[3]).toMatchObject({ aborted: true });
      expect(only(events, 'user.interrupt').at(-1)?.processed_at).toEqual(expect.any(String));
      expect(await outcomesOf(get, talk)).toMatchObject([{ result: 'interrupted', iteration: 1 }]);
      expect((await talk.turn('And now?')).at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
      await expectSound(talk);
    });

    test('in the request that defines it is over before the agent hears of it', async () => {
      const talk = await openTalk(get());
      const events = await talk.postUntilIdle(define(), { type: 'user.interrupt' });
      expect(get().requestsOf(talk.model)).toEqual([]);
      expect(only(events, 'span.outcome_evaluation_end')).toMatchObject([
        { outcome_evaluation_start_id: '', result: 'interrupted' },
      ]);
      await talk.turn('Hello.');
      expect(textsOf(talk)).toEqual(['Hello.']);
      await expectSound(talk);
    });
  });

  describe('and a message', () => {
    test('that comes in the same request are one turn, evaluated once', async () => {
      const talk = await openTalk(get(), { replies: [says('Rain.'), SATISFIED] });
      const events = await talk.postUntilIdle(say('Hello.'), define());
      expect(spansOf(events)).toEqual(['model_request', 'outcome_evaluation']);
      expect(textsOf(talk)[0]).toMatch(/^Hello\.[^]*A poem about the weather/);
      await expectSound(talk);
    });

    test('that comes while the agent works is answered before the work is evaluated, once', async () => {
      const work = heldReply(says('Sun.'));
      const talk = await openTalk(get(), { replies: [work.reply, says('Rain.'), SATISFIED] });
      await talk.post(define());
      await work.asked;
      await talk.post(say('Make it wet.'));
      work.release();
      const events = await talk.stream.untilIdle(0);
      expect(spansOf(events)).toEqual(['model_request', 'model_request', 'outcome_evaluation']);
      expect(textsOf(talk)[1]).toBe('Make it wet.');
      expect(get().requestsOf(talk.model).map(isGrading)).toEqual([false, false, true]);
      expect(only(events, 'session.status_idle')).toHaveLength(1);
      await expectSound(talk);
    });

    test('that comes while the work is evaluated is heard with the verdict, in one turn', async () => {
      const grading = heldReply(REVISE);
      const talk = await openTalk(get(), { replies: [says('Sun.'), grading.reply, says('Rain.'), SATISFIED] });
      await talk.post(define());
      await grading.asked;
      await talk.send('And', 'make it wet.');
      expect((await talk.list()).slice(-2).map(({ processed_at }) => processed_at)).toEqual([null, null]);
      grading.release();
      const events = await talk.stream.untilIdle(0);
      expect(spansOf(events)).toEqual(['model_request', 'outcome_evaluation', 'model_request', 'outcome_evaluation']);
      expect(textsOf(talk)[2]).toMatch(/There is no rain[^]*And\nmake it wet\.$/);
      const list = typesOf(await talk.list());
      expect(list.indexOf('user.message')).toBeGreaterThan(list.indexOf('span.outcome_evaluation_end'));
      await expectSound(talk);
    });

    test('that comes while the work is found satisfying is answered, and that is not evaluated', async () => {
      const grading = heldReply(SATISFIED);
      const talk = await openTalk(get(), { replies: [says('Rain.'), grading.reply, says('You are welcome.')] });
      await talk.post(define());
      await grading.asked;
      await talk.send('Thanks.');
      grading.release();
      const events = await talk.stream.untilIdle(0);
      expect(spansOf(events)).toEqual(['model_request', 'outcome_evaluation', 'model_request']);
      expect(only(events, 'session.status_idle')).toHaveLength(1);
      expect(textsOf(talk)[2]).toBe('Thanks.');
      await expectSound(talk);
    });
  });

  describe('defined', () => {
    test('while a model request is under way is not answered by its reply, but by the next turn', async () => {
      const unaware = heldReply(says('Sun.'));
      const aware = heldReply(says('Rain.'));
      const talk = await openTalk(get(), { replies: [unaware.reply, aware.reply, SATISFIED] });
      await talk.send('Hello.');
      await unaware.asked;
      await talk.post(define());
      expect(await outcomesOf(get, talk)).toMatchObject([{ result: 'pending' }]);
      unaware.release();
      await aware.asked;
      expect(await outcomesOf(get, talk)).toMatchObject([{ result: 'running' }]);
      aware.release();
      const events = await talk.stream.untilIdle(0);
      expect(spansOf(events)).toEqual(['model_request', 'model_request', 'outcome_evaluation']);
      expect(only(events, 'session.status_idle')).toHaveLength(1);
      expect(textsOf(talk).slice(0, 2)).toEqual(['Hello.', expect.stringContaining(POEM)]);
      await expectSound(talk);
    });

    test('while a turn waits for an answer goes behind it in the same request; the turn itself is evaluated then', async () => {
      const replies = [{ blocks: [call('weather', { city: 'Bern' })] }, says('Rain.'), SATISFIED];
      const talk = await openTalk(get(), { tools: [customTool('weather')], replies });
      const [use] = only(await talk.turn('Bern?'), 'agent.custom_tool_use');
      await expect(talk.post(define())).rejects.toMatchObject({
        status: 400,
        message: expect.stringContaining(use?.id ?? ''),
      });
      const events = await talk.postUntilIdle(answer(use?.id ?? '', 'wet'), define());
      expect(spansOf(events)).toEqual(['model_request', 'outcome_evaluation']);
      expect(textsOf(talk)[1]).toContain(POEM);
      await expectSound(talk);
    });

    test('stays open while the session waits for an answer, and is evaluated after it', async () => {
      const replies = [{ blocks: [call('weather', { city: 'Bern' })] }, says('Rain.'), SATISFIED];
      const talk = await openTalk(get(), { tools: [customTool('weather')], replies });
      const asked = await talk.postUntilIdle(define());
      expect(asked.at(-1)).toMatchObject({ stop_reason: { type: 'requires_action' } });
      expect(await outcomesOf(get, talk)).toMatchObject([{ result: 'running' }]);
      const [use] = only(asked, 'agent.custom_tool_use');
      const events = await talk.postUntilIdle(answer(use?.id ?? '', 'wet'));
      expect(spansOf(events)).toEqual(['model_request', 'outcome_evaluation']);
      expect(await verdictsOf(talk)).toEqual([[0, 'satisfied']]);
      await expectSound(talk);
    });

    test('beside an open one is refused with all that came with it, until that one has ended', async () => {
      const work = heldReply(says('Rain.'));
      const talk = await openTalk(get(), { replies: [work.reply, SATISFIED, says('Sun.'), SATISFIED] });
      const refused = { status: 400, message: expect.stringMatching(/events\.1: .*one outcome at a time/) };
      await expect(talk.post(define(), define())).rejects.toMatchObject(refused);
      expect(await talk.list()).toEqual([]);
      await talk.post(define());
      await work.asked;
      const before = await talk.list();
      await expect(talk.post(say('Hello.'), define())).rejects.toMatchObject(refused);
      expect(await talk.list()).toEqual(before);
      work.release();
      const first = await talk.stream.untilIdle(0);
      await talk.post(define({ description: 'The sun.' }));
      await talk.stream.untilIdle(first.length);
      expect(await verdictsOf(talk)).toEqual([
        [0, 'satisfied'],
        [0, 'satisfied'],
      ]);
      expect(await outcomesOf(get, talk)).toMatchObject([{ description: POEM }, { description: 'The sun.' }]);
    });
  });

  test('is not disturbed by an update of the session between its events; the agent is not changed meanwhile', async () => {
    const grading = heldReply(REVISE);
    const talk = await openTalk(get(), { replies: [says('Sun.'), grading.reply, says('Rain.'), SATISFIED] });
    await talk.post(define());
    await grading.asked;
    const { sessions } = get().client.beta;
    await sessions.update(talk.id, { title: 'Weather', metadata: { a: '1' } });
    await expect(sessions.update(talk.id, { agent: { tools: [] } })).rejects.toMatchObject({ status: 400 });
    grading.release();
    const list = typesOf(await talk.stream.untilIdle(0));
    const updated = list.indexOf('session.updated');
    expect(list.indexOf('span.outcome_evaluation_start')).toBeLessThan(updated);
    expect(list.indexOf('span.outcome_evaluation_end')).toBeGreaterThan(updated);
    expect(await verdictsOf(talk)).toEqual([
      [0, 'needs_revision'],
      [1, 'satisfied'],
    ]);
    await expectSound(talk);
  });

  function textsOf({ model }: Talk): string[] {
    return get()
      .requestsOf(model)
      .map(({ text }) => text);
  }
}

/** What was begun, in order. */
function spansOf(events: { type: string }[]): string[] {
  return typesOf(events).flatMap((type) => /^span\.(\w+)_start$/.exec(type)?.[1] ?? []);
}
