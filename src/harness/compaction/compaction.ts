import type { ContentParam } from '../context/blocks.js';
import { textsOf, type Told } from '../context/open-turn.js';
import { estimateTokens } from './size.js';
import { shortenContent } from './shorten.js';
import { wholeTurns, type Context } from '../context/context.js';

/**
 * How a conversation that nears its model's window is made shorter. Invariants:
 *
 * 1. a call and its result stay together, on one side of the cut;
 * 2. the user's latest words and an open outcome are told whole, unless they alone would fill a good part of the window;
 * 3. instructions stay in force: the latest are told as they were;
 * 4. a summary stands for more than the one before it;
 * 5. each further try keeps less, the last one nothing but the summary and these.
 */
export interface Plan {
  /** The last entry that the summary stands for. */
  through: number;
  /** What is to be summarised. */
  part: Told[];
  words: ContentParam[];
  system: string[];
  outcome?: string;
  /** What the window holds, in estimated tokens. */
  room: number;
}

export interface PlanInput {
  context: Context;
  /** Last entry of the conversation. */
  upTo: number;
  /** The model's window, in tokens. */
  window: number;
  /** What the last request came to; 0 when it was refused for its length. */
  tokens: number;
  /** Compactions since the last reply that said something. */
  tries: number;
}

/** How much of the window the kept end may fill, at the first try and the following ones. */
const KEPT_SHARES = [0.25, 0.1, 0];
/** A last message is kept whole up to this share of the window, at the first try. */
const LARGEST_LAST = 0.5;
const LARGEST_WORDS = 0.1;
const LARGEST_OUTCOME = 0.25;
const LARGEST_SYSTEM = 0.05;

/** Chooses where to cut, and what is told beside the summary. */
export function planCompaction({ context, upTo, window, tokens, tries }: PlanInput): Plan {
  const told = wholeTurns(context);
  const room = roomOf(window, tokens, estimateTokens(told.map(({ message }) => message)));
  const { index, through } = chooseCut(told, { through: upTo, after: context.through, room, tries });
  const part = told.slice(0, index);
  const isWordsKept = context.words.seq > through;
  const words = isWordsKept ? [] : shortenContent(wordsBeside(context), room * LARGEST_WORDS);
  const system = latest(systemOf(part), room * LARGEST_SYSTEM);
  const { outcome } = context;
  if (outcome === null || outcome.seq > through) return { through, part, words, system, room };
  const [short] = shortenContent([{ type: 'text', text: outcome.text }], room * LARGEST_OUTCOME);
  return { through, part, words, system, room, outcome: short?.type === 'text' ? short.text : outcome.text };
}

/** The user's latest words, but for an outcome's, which is told by itself. */
function wordsBeside({ words, outcome }: Context): ContentParam[] {
  return words.content.filter((block) => block.type !== 'text' || block.text !== outcome?.text);
}

/** Estimates are measured against what the upstream counted. One that refuses this much has room for less, whatever is said of its window. */
function roomOf(window: number, tokens: number, estimate: number): number {
  if (tokens === 0) return Math.min(window, estimate);
  return window / Math.min(4, Math.max(0.25, tokens / estimate));
}

interface Choice {
  /** The last entry: what there is when everything goes. */
  through: number;
  /** The last entry that has gone already. */
  after: number;
  room: number;
  tries: number;
}

/** The first place from which on the rest is short enough; after the end when there is none. */
function chooseCut(told: Told[], { through, after, room, tries }: Choice): { index: number; through: number } {
  const most = (KEPT_SHARES[tries] ?? 0) * room;
  const mostOfLast = tries === 0 ? LARGEST_LAST * room : most;
  let chosen = { index: told.length, through };
  let size = 0;
  for (const [index, { message, cut }] of [...told.entries()].toReversed()) {
    size += estimateTokens([message]);
    if (size > (chosen.index === told.length ? mostOfLast : most)) break;
    // A cut where the last summary ended would gain nothing.
    if (index > 0 && cut !== null && cut > after) chosen = { index, through: cut };
  }
  return chosen;
}

function systemOf(part: Told[]): string[] {
  return part.flatMap(({ message }) => (message.role === 'system' ? textsOf(message) : []));
}

/** The last of these texts, up to so many tokens in all. */
function latest(texts: string[], tokens: number): string[] {
  let size = 0;
  const start = texts.findLastIndex((text) => {
    size += estimateTokens([{ role: 'system', content: text }]);
    return size > tokens;
  });
  return texts.slice(start + 1);
}
