import { type Anthropic, APIError } from '@anthropic-ai/sdk';
import type { Destination } from './destination.js';

/** What the parts of an export share. */
export interface Walk {
  client: Anthropic;
  to: Destination;
  /** What could not be taken along, and why. */
  missing: Missing[];
}

export interface Missing {
  path: string;
  reason: string;
}

/**
 * Writes a list into a file, an object a line, and what belongs to each of them after it. What is deleted meanwhile, is not
 * available in this server or not open to its key is noted instead.
 */
export async function takeList<Item extends object>(
  walk: Walk,
  path: string,
  list: AsyncIterable<Item>,
  each: (item: Item) => Promise<void> = async () => {},
): Promise<void> {
  await orMissing(walk, path, () => walk.to.lines(path, withEach(list, each)));
}

/** Writes a response's bytes into a file, or notes why there are none. */
export async function takeBytes(walk: Walk, path: string, request: () => Promise<Response>): Promise<void> {
  await orMissing(walk, path, async () => {
    const { body } = await request();
    await walk.to.bytes(path, body ?? new ReadableStream<Uint8Array>());
  });
}

async function* withEach<Item>(list: AsyncIterable<Item>, each: (item: Item) => Promise<void>): AsyncGenerator<Item> {
  for await (const item of list) {
    yield item;
    await each(item);
  }
}

async function orMissing(walk: Walk, path: string, take: () => Promise<void>): Promise<void> {
  try {
    await take();
  } catch (error) {
    if (!(error instanceof APIError)) throw error;
    const reason = reasonOf(error);
    if (reason === undefined) throw error;
    walk.missing.push({ path, reason });
  }
}

/** What a refusal says; undefined where nothing may be left out because of it. */
function reasonOf({ status, message }: APIError): string | undefined {
  return status === 400 ? message : REASONS.get(status ?? 0);
}

const REASONS: ReadonlyMap<number, string> = new Map([
  [403, 'the key may not see it'],
  [404, 'it is gone'],
  [501, 'this server does not have it'],
]);
