import type Anthropic from '@anthropic-ai/sdk';
import type { UpstreamRequest } from '../../bench/upstream.js';
import type { UpstreamReply } from '../../bench/upstream-reply.js';
import { call } from './answers.js';
import { only, type Talk } from './session.js';
import type { GetWire } from './suite.js';

type Definition = Anthropic.Beta.Sessions.BetaManagedAgentsUserDefineOutcomeEventParams;
type Session = Anthropic.Beta.Sessions.BetaManagedAgentsSession;

export const POEM = 'A poem about the weather.';
export const RUBRIC = 'It mentions rain.';

/** What the outcomes of these tests are. */
export function define(more: Partial<Definition> = {}): Definition {
  return { type: 'user.define_outcome', description: POEM, rubric: { type: 'text', content: RUBRIC }, ...more };
}

export function says(text: string, more: UpstreamReply = {}): UpstreamReply {
  return { ...more, blocks: [{ type: 'text', text }] };
}

/** What a grader answers that has come to its verdict. */
export function verdict(result: string, explanation: string, more: UpstreamReply = {}): UpstreamReply {
  return { ...more, blocks: [call('give_verdict', { result, explanation })] };
}

export const REVISE = verdict('needs_revision', 'There is no rain.');
export const SATISFIED = verdict('satisfied', 'It rains.');

/** A request of a grader: nobody else is asked for a verdict. */
export function isGrading({ body }: UpstreamRequest): boolean {
  return toolsOf({ body }).includes('give_verdict');
}

export function toolsOf({ body }: Pick<UpstreamRequest, 'body'>): string[] {
  return (body.tools ?? []).flatMap((tool) => ('name' in tool ? [tool.name] : []));
}

export async function outcomesOf(get: GetWire, { id }: Talk): Promise<Session['outcome_evaluations']> {
  return (await get().client.beta.sessions.retrieve(id)).outcome_evaluations;
}

/** The evaluations of a list, by their ends: which iteration, and what it came to. */
export async function verdictsOf(talk: Talk): Promise<[iteration: number, result: string][]> {
  const ends = only(await talk.list(), 'span.outcome_evaluation_end');
  return ends.map(({ iteration, result }) => [iteration, result]);
}

/**
 * What is true of every log with outcomes at rest: what was streamed is what is listed, nothing is still queued, and
 * each evaluation has one end that names it.
 */
export async function expectSound(talk: Talk): Promise<void> {
  const list = await talk.list();
  expect(talk.stream.events.filter(({ processed_at }) => processed_at !== null)).toEqual(list);
  expect(list.map(({ processed_at }) => processed_at)).not.toContain(null);
  const starts = only(list, 'span.outcome_evaluation_start').map(({ id }) => id);
  const ends = only(list, 'span.outcome_evaluation_end').map((event) => event.outcome_evaluation_start_id);
  expect(ends.filter((id) => id !== '')).toEqual(starts);
}
