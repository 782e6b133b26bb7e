import type { MessageParam } from '../../model/model.js';
import type { ContentParam } from '../context/blocks.js';
import type { Told } from '../context/open-turn.js';
import { estimateTokens } from './size.js';
import { shorten } from './shorten.js';

/** Parts of a conversation, each small enough (in estimated tokens) for a request of its own. None parts a call from its result. */
export function toBites(part: Told[], most: number): MessageParam[][] {
  const bites: MessageParam[][] = [];
  let size = Infinity;
  for (const group of groupsOf(part)) {
    const messages = shorten(group, most);
    const tokens = estimateTokens(messages);
    size += tokens;
    if (size > most) {
      bites.push([]);
      size = tokens;
    }
    bites.at(-1)?.push(...messages);
  }
  return bites;
}

/** Messages that have to stay together. */
function groupsOf(part: Told[]): MessageParam[][] {
  const groups: MessageParam[][] = [];
  for (const [index, { message, cut }] of part.entries()) {
    if (index === 0 || cut !== null) groups.push([message]);
    else groups.at(-1)?.push(message);
  }
  return groups;
}

/** The messages of the request that asks for a summary of this part, and of the summary that there is of those before. */
export function summaryMessages(bite: MessageParam[], soFar: string | null): MessageParam[] {
  const [first, ...rest] = bite;
  if (soFar === null || !first) return asked(bite);
  const before: ContentParam[] = [summaryBlock(soFar)];
  if (first.role !== 'user') return asked([{ role: 'user', content: before }, ...bite]);
  return asked([{ role: 'user', content: [...before, ...contentOf(first)] }, ...rest]);
}

/** The request for the summary ends the last user's message, behind which an instruction may stand. */
function asked(messages: MessageParam[]): MessageParam[] {
  const request = { type: 'text' as const, text: REQUEST };
  const index = messages.findLastIndex(({ role }) => role !== 'system');
  const last = messages[index];
  if (last?.role !== 'user') return [...messages, { role: 'user', content: [request] }];
  return messages.with(index, { role: 'user', content: [...contentOf(last), request] });
}

function contentOf(message: Extract<MessageParam, { role: 'user' }>): ContentOf {
  const { content } = message;
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content;
}

type ContentOf = Exclude<Extract<MessageParam, { role: 'user' }>['content'], string>;

/** How the conversation begins once it has been summarised. */
export function summaryBlock(text: string): ContentParam {
  return { type: 'text', text: `${BEGINNING}\n\n<summary>\n${text.trim()}\n</summary>` };
}

const BEGINNING =
  'The earlier part of this conversation has become too long to be kept. You have summed it up for yourself; go on ' +
  'from there, without mention of it.';

const REQUEST = `This conversation nears the most that you can read at once. Its part up to here is about to be replaced by a summary, and you will go on with nothing of it but what you write down now. What you leave out is lost.

Do not go on with the task, and call no tool. Reply with the summary alone, addressed to yourself:

1. What the user wants, with every requirement, limit and preference that was named, in the user's own words where they matter. What has been asked later counts more than what was asked before.
2. What has been done and found out, and what was decided, with the reasons.
3. Everything exact that may be needed again: paths, names, ids, numbers, commands, addresses, quotations, error messages, and the state in which files and running work are.
4. What was tried and failed, so that it is not tried again.
5. Which images and documents were shown, and what was in them: you will not see them again.
6. What is left to do, and what you were about to do next.

If an earlier summary stands at the beginning, take over all of it that still matters. Be complete, then brief.`;
