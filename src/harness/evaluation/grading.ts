import type Anthropic from '@anthropic-ai/sdk';
import type { ContentBlock, MessageParam, ModelFailure, ModelOutcome, ModelUsage } from '../../model/model.js';
import { NO_USAGE, type ToolResult, type Verdict } from '../activity-results.js';
import { toAssistantBlocks } from '../context/replies.js';
import { toToolResult, type Answer } from '../context/results.js';
import { addUsage } from '../usage.js';
import { parseVerdict, VERDICT_TOOL } from './verdict.js';

/** What grading came to, over all the requests that it took. */
export type Graded =
  | { type: 'verdict'; verdict: Pick<Verdict, 'result' | 'explanation'>; usage: ModelUsage }
  | { type: 'failed'; error: ModelFailure; usage: ModelUsage }
  | { type: 'interrupted' | 'budget_reached'; usage: ModelUsage };

type Call = Anthropic.Beta.BetaToolUseBlock;

export interface Grading {
  /** What is to be graded, and how. */
  task: string;
  /** Characters of results that the grader may be told, so that its requests fit its model. */
  room: number;
  /** Whether another request may be made, once these have used so much. */
  mayGoOn: (usage: ModelUsage) => boolean;
  ask: (messages: MessageParam[]) => Promise<ModelOutcome>;
  /** Carries out a call of one of the tools with which the work is looked at. */
  look: (call: Call) => Promise<ToolResult>;
}

/** Requests in which a verdict has to be there. */
const MOST_REQUESTS = 20;

/** Has the work graded: the grader may look at it with tools, as often as it needs, and then gives its verdict. */
export async function grade({ task, room, mayGoOn, ask, look }: Grading): Promise<Graded> {
  let conversation: Conversation = { before: [], user: text(task) };
  let usage = NO_USAGE;
  let left = room;
  for (let request = 1; request <= MOST_REQUESTS; request += 1) {
    const outcome = await ask([...conversation.before, { role: 'user', content: conversation.user }]);
    usage = addUsage(usage, outcome.usage);
    if (outcome.type === 'interrupted') return { type: 'interrupted', usage };
    if (outcome.type === 'failed') return { type: 'failed', error: forGood(outcome.error), usage };
    if (outcome.stop_reason === 'refusal') return { type: 'failed', error: REFUSED, usage };
    const calls = callsOf(outcome.content);
    const verdict = verdictOf(calls);
    if (verdict) return { type: 'verdict', verdict, usage };
    if (!mayGoOn(usage)) return { type: 'budget_reached', usage };
    const answers = new Map<string, Answer>();
    for (const call of calls) {
      const answer = await answerOf(call, left, look);
      left -= sizeOf(answer);
      answers.set(call.id, answer);
    }
    const isLast = request + 1 === MOST_REQUESTS || left <= 0;
    const said = isLast ? LAST : calls.length > 0 ? [] : GO_ON;
    conversation = extended(conversation, outcome.content, answers, said);
  }
  return { type: 'failed', error: NO_VERDICT, usage };
}

/** What was said and replied, and what the user says now. */
interface Conversation {
  before: MessageParam[];
  user: Anthropic.Beta.BetaContentBlockParam[];
}

function callsOf(content: ContentBlock[]): Call[] {
  return content.filter((block) => block.type === 'tool_use');
}

function verdictOf(calls: Call[]): Pick<Verdict, 'result' | 'explanation'> | undefined {
  for (const call of calls) {
    const verdict = call.name === VERDICT_TOOL ? parseVerdict(call.input) : undefined;
    if (verdict !== undefined && typeof verdict !== 'string') return verdict;
  }
  return undefined;
}

async function answerOf(call: Call, left: number, look: Grading['look']): Promise<Answer> {
  const fault = call.name === VERDICT_TOOL ? parseVerdict(call.input) : undefined;
  if (typeof fault === 'string') return failure(fault);
  if (left <= 0) return failure('You have read as much as you can: give your verdict.');
  const { content, is_error } = await look(call);
  return { content, isError: is_error };
}

function failure(text: string): Answer {
  return { content: [{ type: 'text', text }], isError: true };
}

function sizeOf({ content }: Answer): number {
  return content.reduce((sum, block) => sum + (block.type === 'text' ? block.text.length : IMAGE_CHARACTERS), 0);
}

/** About what a picture or a document's page takes of a window, in characters of text. */
const IMAGE_CHARACTERS = 6_400;

type Text = Anthropic.Beta.BetaTextBlockParam;
const text = (said: string): Text[] => [{ type: 'text', text: said }];
const GO_ON = text(`Give your verdict with the tool ${VERDICT_TOOL}.`);
const LAST = text(`Look no further: give your verdict now, with the tool ${VERDICT_TOOL}.`);

/** With a reply and what it is answered. One that says nothing leaves only the answer. */
function extended(
  { before, user }: Conversation,
  reply: ContentBlock[],
  answers: Map<string, Answer>,
  said: Text[],
): Conversation {
  const own = toAssistantBlocks(reply, false);
  if (own.length === 0) return { before, user: [...user, ...said] };
  const results = callsOf(reply).map((call) => toToolResult(call, answers));
  const past: MessageParam[] = [...before, { role: 'user', content: user }, { role: 'assistant', content: own }];
  return { before: past, user: [...results, ...said] };
}

/** The conversation that would be made shorter is not the one that was too long. */
function forGood(error: ModelFailure): ModelFailure {
  const { too_long, ...rest } = error;
  return too_long === true ? { ...rest, disposition: 'exhausted' } : rest;
}

const REFUSED: ModelFailure = {
  type: 'model_request_failed_error',
  message: 'The model refused to evaluate the work.',
  disposition: 'exhausted',
};

const NO_VERDICT: ModelFailure = {
  type: 'model_request_failed_error',
  message: `The model gave no verdict in ${MOST_REQUESTS} requests.`,
  disposition: 'exhausted',
};
