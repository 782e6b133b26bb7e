import { verifyLog } from '../../src/bin/log.js';
import type { SessionEvent } from '../../src/session/session.js';
import { call } from './answers.js';
import { heldReply, type HeldReply } from './held-reply.js';
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
  toolsOf,
  verdict,
  verdictsOf,
} from './outcome-script.js';
import { listAll, only, openTalk, textOf, typesOf, type Talk } from './session.js';
import { describeOutcomeInputs } from './suite-outcome-inputs.js';
import { describeOutcomeTroubles } from './suite-outcome-troubles.js';
import type { GetWire } from './suite.js';

const WORK = ['span.model_request_start', 'agent.message', 'span.model_request_end'];
const EVALUATION = ['span.outcome_evaluation_start', 'span.outcome_evaluation_end'] as const;
const RUNNING = ['session.status_running', 'session.thread_status_running'];
const IDLE = ['session.thread_status_idle', 'session.usage', 'session.status_idle'];

/** What a session works toward: the loop of work and evaluation, who grades, and what comes in between. */
export function describeOutcomes(get: GetWire, { isDefault }: { isDefault: boolean }): void {
  describe('an outcome', () => {
    const testBeat = isDefault ? beginBeat(get) : undefined;
    describeLoop(get);
    describeGrader(get);
    describeOutcomeInputs(get);
    describeOutcomeTroubles(get);
    testBeat?.();
    testHistories(get);
  });
}

function describeLoop(get: GetWire): void {
  test('is worked toward, evaluated, revised and evaluated again, all in one run', async () => {
    const work = heldReply(says('Sun.', { usage: usage(10, 1) }));
    const grading = heldReply({ ...REVISE, usage: usage(200, 20) });
    const revision = heldReply(says('Rain.', { usage: usage(3_000, 300) }));
    const replies = [work.reply, grading.reply, revision.reply, { ...SATISFIED, usage: usage(40_000, 4_000) }];
    const talk = await openTalk(get(), { replies });
    const [echo] = await talk.post(define());
    expect(echo).toEqual({
      ...define(),
      id: expect.stringMatching(/^sevt_/),
      outcome_id: expect.stringMatching(/^outc_/),
      max_iterations: null,
      processed_at: expect.any(String),
    });
    const outcome_id = echo && 'outcome_id' in echo ? echo.outcome_id : '';
    const base = { type: 'outcome_evaluation', outcome_id, description: POEM, completed_at: null };
    const stages: [HeldReply, object][] = [
      [work, { result: 'running', iteration: 0, explanation: null }],
      [grading, { result: 'evaluating', iteration: 0, explanation: null }],
      [revision, { result: 'running', iteration: 1, explanation: 'There is no rain.' }],
    ];
    for (const [stage, shown] of stages) {
      await stage.asked;
      expect(await outcomesOf(get, talk)).toEqual([{ ...base, ...shown }]);
      stage.release();
    }
    const events = await talk.stream.untilIdle(0);
    const last = { result: 'satisfied', iteration: 1, explanation: 'It rains.', completed_at: expect.any(String) };
    expect(await outcomesOf(get, talk)).toEqual([{ ...base, ...last }]);
    expect(events[0]).toEqual(echo);
    expect(typesOf(events)).toEqual([
      'user.define_outcome',
      ...RUNNING,
      ...WORK,
      ...EVALUATION,
      ...WORK,
      ...EVALUATION,
      ...IDLE,
    ]);
    expect(events.at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
    expectEvaluations(events, outcome_id);
    const types = ['user.define_outcome' as const, ...EVALUATION];
    expect(typesOf(await listAll(get(), talk.id, { types }))).toEqual([...types, ...EVALUATION]);
    await expectSound(talk);
  });

  test('is told to the agent with its rubric, and each verdict that asks for more', async () => {
    const talk = await openTalk(get(), { replies: [says('Sun.'), REVISE, says('Rain.'), SATISFIED] });
    await talk.postUntilIdle(define());
    const [first, revision] = requestsOf(talk).filter((request) => !isGrading(request));
    expect(first?.body.messages).toHaveLength(1);
    expect(first?.text).toContain(POEM);
    expect(first?.text).toContain(RUBRIC);
    expect(revision?.body.messages.slice(0, 2)).toEqual([
      expect.objectContaining({ role: 'user' }),
      { role: 'assistant', content: [expect.objectContaining({ type: 'text', text: 'Sun.' })] },
    ]);
    expect(revision?.text).toContain('There is no rain.');
    // The last word is the grader's: the agent hears of it no more than that it need do nothing.
    await talk.turn('Thanks.');
    expect(requestsOf(talk).at(-1)?.text).toBe('Thanks.');
  });

  test('is told to a grader that knows nothing else but what was said last', async () => {
    const talk = await openTalk(get(), { replies: [{}, says('Sun.'), REVISE, says('Rain.'), SATISFIED] });
    await talk.turn('My secret is xyzzy.');
    await talk.postUntilIdle(define());
    const gradings = requestsOf(talk).filter(isGrading);
    expect(gradings.map(({ body }) => body.messages.length)).toEqual([1, 1]);
    for (const [index, said] of ['Sun.', 'Rain.'].entries()) {
      const told = JSON.stringify(gradings[index]?.body);
      for (const part of [POEM, RUBRIC, said]) expect(told).toContain(part);
      expect(told).not.toContain('xyzzy');
    }
    expect(JSON.stringify(gradings[1]?.body)).not.toContain('Sun.');
    // What it says is nobody's message: the agent's are the only ones.
    expect(only(await talk.list(), 'agent.message').map(textOf)).toEqual(['hello', 'Sun.', 'Rain.']);
  });

  test('that is not reached in its iterations ends with a turn that says where it stands', async () => {
    const again = verdict('needs_revision', 'Still none.');
    const talk = await openTalk(get(), { replies: [says('Sun.'), REVISE, says('Snow.'), again, says('It is dry.')] });
    const events = await talk.postUntilIdle(define({ max_iterations: 2 }));
    expect(typesOf(events).slice(3)).toEqual([...WORK, ...EVALUATION, ...WORK, ...EVALUATION, ...WORK, ...IDLE]);
    expect(await verdictsOf(talk)).toEqual([
      [0, 'needs_revision'],
      [1, 'max_iterations_reached'],
    ]);
    const end = { result: 'max_iterations_reached', iteration: 1, explanation: 'Still none.' };
    expect(await outcomesOf(get, talk)).toMatchObject([{ ...end, completed_at: expect.any(String) }]);
    const last = requestsOf(talk).at(-1);
    expect(last?.text).toContain('Still none.');
    expect(last?.text).toContain('for the last time');
    await expectSound(talk);
  });

  test('that fails is over; the next may be defined, and is evaluated by itself', async () => {
    const work = heldReply(says('Sun.'));
    const replies = [work.reply, verdict('failed', 'This is no poem.'), says('Rain.'), SATISFIED];
    const talk = await openTalk(get(), { replies, initial_events: [define({ max_iterations: 1 })] });
    await work.asked;
    work.release();
    await talk.stream.untilIdle(0);
    const failed = {
      result: 'failed',
      iteration: 0,
      explanation: 'This is no poem.',
      completed_at: expect.any(String),
    };
    expect(await outcomesOf(get, talk)).toMatchObject([failed]);
    const events = await talk.postUntilIdle(define({ description: 'Another poem.' }));
    expect(typesOf(events).slice(3)).toEqual([...WORK, ...EVALUATION, ...IDLE]);
    const next = { description: 'Another poem.', result: 'satisfied', iteration: 0 };
    expect(await outcomesOf(get, talk)).toMatchObject([failed, next]);
    expect(requestsOf(talk).at(-1)?.text).not.toContain(POEM);
    expect(await verdictsOf(talk)).toEqual([
      [0, 'failed'],
      [0, 'satisfied'],
    ]);
  });

  function requestsOf({ model }: Talk) {
    return get().requestsOf(model);
  }
}

/** What its two evaluations say of themselves, and what the session used in all. */
function expectEvaluations(events: SessionEvent[], outcome_id: string): void {
  const starts = only(events, 'span.outcome_evaluation_start');
  expect(starts).toMatchObject([
    { outcome_id, iteration: 0 },
    { outcome_id, iteration: 1 },
  ]);
  const ofOutcome = (at: number) => ({ outcome_id, iteration: at, outcome_evaluation_start_id: starts[at]?.id });
  const ends = only(events, 'span.outcome_evaluation_end');
  expect(ends).toMatchObject([
    { ...ofOutcome(0), result: 'needs_revision', explanation: 'There is no rain.', usage: usage(200, 20) },
    { ...ofOutcome(1), result: 'satisfied', explanation: 'It rains.', usage: usage(40_000, 4_000) },
  ]);
  expect(only(events, 'session.usage')).toMatchObject([{ usage: usage(43_210, 4_321) }]);
}

function describeGrader(get: GetWire): void {
  test('in files is looked at by its grader, in the sandbox, before the verdict; nobody is told of the look', async () => {
    const path = '/mnt/session/outputs/poem.txt';
    const replies = [
      { blocks: [call('bash', { command: `mkdir -p /mnt/session/outputs; echo 'drops of rain' > ${path}` })] },
      says('It is written.'),
      { blocks: [call('bash', { command: 'rm -r /mnt/session/outputs/*' }), call('read', { file_path: path })] },
      SATISFIED,
    ];
    const talk = await openTalk(get(), { tools: true, replies });
    const events = await talk.postUntilIdle(define());
    expect(only(events, 'agent.tool_use').map(({ name }) => name)).toEqual(['bash']);
    expect(only(events, 'agent.tool_result')).toHaveLength(1);
    expect(await verdictsOf(talk)).toEqual([[0, 'satisfied']]);
    const [look, after] = get().requestsOf(talk.model).filter(isGrading);
    expect(look && toolsOf(look).toSorted()).toEqual(['give_verdict', 'glob', 'grep', 'read']);
    expect(look?.text).toContain('/mnt/session/outputs');
    const [bash, read] = resultsIn(after?.body.messages.at(-1));
    expect(bash).toMatchObject({ is_error: true });
    expect(JSON.stringify(read)).toContain('drops of rain');
    await expectSound(talk);
  });

  test('of an agent without tools is judged by what was said: its grader has nothing to look with', async () => {
    const talk = await openTalk(get(), { replies: [says('Rain.'), { blocks: [call('read', {})] }, SATISFIED] });
    await talk.postUntilIdle(define());
    const [grading, after] = get().requestsOf(talk.model).filter(isGrading);
    expect(grading && toolsOf(grading)).toEqual(['give_verdict']);
    expect(resultsIn(after?.body.messages.at(-1))).toMatchObject([{ is_error: true }]);
    expect(await verdictsOf(talk)).toEqual([[0, 'satisfied']]);
  });

  test('whose grader gives no verdict, or none that makes sense, is asked for it again; all of it is counted', async () => {
    const thought = { type: 'thinking', thinking: 'Is it?' } as const;
    const vague = { blocks: [thought, { type: 'text', text: 'Rather.' } as const], usage: usage(1, 10) };
    const odd = { ...verdict('marvellous', 'It rains.'), usage: usage(2, 20) };
    const talk = await openTalk(get(), { replies: [says('Rain.'), vague, odd, { ...SATISFIED, usage: usage(4, 40) }] });
    const events = await talk.postUntilIdle(define());
    expect(typesOf(events).slice(3)).toEqual([...WORK, ...EVALUATION, ...IDLE]);
    const [, second, third] = get().requestsOf(talk.model).filter(isGrading);
    expect(second?.text).toContain('give_verdict');
    expect(resultsIn(third?.body.messages.at(-1))).toMatchObject([{ is_error: true }]);
    expect(only(events, 'span.outcome_evaluation_end')).toMatchObject([{ result: 'satisfied', usage: usage(7, 70) }]);
  });
}

/** An evaluation of more than ten seconds, which goes on beside the other tests; what it gives is the test of its end. */
function beginBeat(get: GetWire): () => void {
  const grading = heldReply(SATISFIED);
  let talk: Talk;
  beforeAll(async () => {
    talk = await openTalk(get(), { replies: [says('Rain.'), grading.reply] });
    await talk.post(define());
  });
  return () => {
    test('whose evaluation takes long says every ten seconds that it goes on', async () => {
      const beat = await talk.stream.until(({ type }) => type === 'span.outcome_evaluation_ongoing');
      grading.release();
      const events = await talk.stream.untilIdle(0);
      const [start] = only(events, 'span.outcome_evaluation_start');
      expect(beat).toMatchObject({ outcome_id: start?.outcome_id, iteration: 0 });
      const later =
        Date.parse(('processed_at' in beat && beat.processed_at) || '') - Date.parse(start?.processed_at ?? '');
      expect(later).toBeGreaterThanOrEqual(9_900);
      expect(await verdictsOf(talk)).toEqual([[0, 'satisfied']]);
      await expectSound(talk);
    });
  };
}

/** After all others: over the sessions that they have made. */
function testHistories(get: GetWire): void {
  test('P1: is in its session’s history as it is listed, whatever has come of it', async () => {
    const faults: string[] = [];
    let sessions = 0;
    for await (const { id, outcome_evaluations } of get().client.beta.sessions.list({ include_archived: true })) {
      if (outcome_evaluations.length === 0) continue;
      sessions += 1;
      const isSound = await verifyLog(
        { data: get().dataDir },
        id,
        (line) => void (line.startsWith('ok') || faults.push(line)),
      );
      if (!isSound) faults.push(`in ${id}`);
    }
    expect(faults).toEqual([]);
    expect(sessions).toBeGreaterThan(20);
  });
}

function resultsIn(message: { content?: unknown } | undefined): unknown[] {
  const content = Array.isArray(message?.content) ? message.content : [];
  return content.filter((block: { type?: unknown }) => block.type === 'tool_result');
}

function usage(input_tokens: number, output_tokens: number) {
  return { input_tokens, output_tokens };
}
