import { setTimeout as sleep } from 'node:timers/promises';
import type Anthropic from '@anthropic-ai/sdk';
import type { Drover } from '../support/drover-process.js';
import { deadline } from '../support/patience.js';
import { type SandboxFiles, sandboxFiles } from '../support/sandbox-files.js';
import type { SessionEvent } from '../../src/session/session.js';

/** A session that is looked at through whichever server process runs on the directory now. */
export interface ChaosSession extends SandboxFiles {
  readonly id: string;
  send(...texts: string[]): Promise<void>;
  interrupt(): Promise<void>;
  /** Sends events of any kind in one request. */
  post(...events: EventParams[]): Promise<void>;
  /** The whole list, over all its pages. */
  events(): Promise<SessionEvent[]>;
  /** The bodies of the list's pages as they came over the wire. */
  rawList(): Promise<string>;
  status(): Promise<string>;
  /** Waits until the list is as told, by looking at it; resolves to it. */
  until(isSo: (events: SessionEvent[]) => boolean, what: string, withinMs?: number): Promise<SessionEvent[]>;
  /** Waits until `turns` turns have ended and nothing is queued. */
  untilIdle(turns?: number, withinMs?: number): Promise<SessionEvent[]>;
  /** Resolves as soon as the stream shows the next event of this type. The stream is open when the promise is returned. */
  watch(type: SessionEvent['type']): Promise<{ seen: Promise<void> }>;
}

type EventParams = Anthropic.Beta.Sessions.BetaManagedAgentsEventParams;

export interface SessionOptions {
  /** Default: all, allowed without asking. */
  tools?: NonNullable<Anthropic.Beta.Agents.AgentCreateParams['tools']>;
  model?: string;
  /** In US cents. */
  budget?: string;
}

/** An agent with all its tools, an environment, and a session of the two. */
export async function openSession(
  drover: Drover,
  initial?: string,
  options: SessionOptions = {},
): Promise<ChaosSession> {
  const { budget } = options;
  const { id } = await drover.client.beta.sessions.create({
    ...(await makeParts(drover.client, options)),
    ...(initial === undefined ? {} : { initial_events: [messageOf(initial)] }),
    ...(budget === undefined ? {} : { budget: budgetOf(budget) }),
  });
  return sessionOf(drover, id);
}

/** What a session may cost, in US cents. */
export function budgetOf(amount: string): Anthropic.Beta.Sessions.BetaManagedAgentsBudgetLimit {
  return { type: 'limit', max_list_cost: { amount, currency: 'USD' } };
}

/** The parts that a session is created of. */
export async function makeParts(
  client: Anthropic,
  { model = 'claude-opus-5-5', tools = [{ type: 'agent_toolset_20260401' }] }: SessionOptions = {},
): Promise<{ agent: string; environment_id: string }> {
  const [agent, environment] = await Promise.all([
    client.beta.agents.create({ name: 'Worker', model, tools }),
    client.beta.environments.create({ name: `env-${Math.random()}` }),
  ]);
  return { agent: agent.id, environment_id: environment.id };
}

/** A session that exists already. */
export function sessionOf(drover: Drover, id: string): ChaosSession {
  const events = async (): Promise<SessionEvent[]> => {
    const all: SessionEvent[] = [];
    for await (const event of drover.client.beta.sessions.events.list(id)) all.push(event);
    return all;
  };
  const until = async (isSo: (list: SessionEvent[]) => boolean, what: string, withinMs = 20_000) => {
    const isOver = deadline(withinMs);
    for (;;) {
      const list = await events();
      if (isSo(list)) return list;
      if (isOver()) throw new Error(`not within ${withinMs} ms: ${what}\n${describeList(list)}`);
      await sleep(LOOK_MS);
    }
  };
  const post = async (...params: EventParams[]): Promise<void> => {
    await drover.client.beta.sessions.events.send(id, { events: params });
  };
  return {
    ...sandboxFiles(drover.dataDir, id),
    id,
    send: (...texts) => post(...texts.map(messageOf)),
    interrupt: () => post({ type: 'user.interrupt' }),
    post,
    events,
    rawList: () => rawList(drover, id),
    status: async () => (await drover.client.beta.sessions.retrieve(id)).status,
    until,
    untilIdle: (turns = 1, withinMs) => until((list) => isAtRest(list, turns), `${turns} turns ended`, withinMs),
    async watch(type) {
      const stream = await drover.client.beta.sessions.events.stream(id);
      return { seen: untilSeen(stream, type) };
    },
  };
}

async function untilSeen(stream: AsyncIterable<{ type: string }>, type: string): Promise<void> {
  for await (const event of stream) if (event.type === type) return;
  throw new Error(`the stream ended without ${type}`);
}

const LOOK_MS = 15;

/** A message of the user. */
export function messageOf(text: string): Anthropic.Beta.Sessions.BetaManagedAgentsUserMessageEventParams {
  return { type: 'user.message', content: [{ type: 'text', text }] };
}

export function isAtRest(list: SessionEvent[], turns: number): boolean {
  const ended = list.filter((event) => event.type === 'session.status_idle').length;
  return ended >= turns && list.at(-1)?.type === 'session.status_idle' && list.every((event) => event.processed_at);
}

/** Waits for something outside the log. */
export async function waitUntil(
  isSo: () => boolean | Promise<boolean>,
  what: string,
  withinMs = 15_000,
): Promise<void> {
  const isOver = deadline(withinMs);
  while (!(await isSo())) {
    if (isOver()) throw new Error(`not within ${withinMs} ms: ${what}`);
    await sleep(2);
  }
}

/** One line an event: what a person needs to see why a list is not as it should be. */
export function describeList(list: SessionEvent[]): string {
  return list.map((event) => `${event.processed_at ?? 'queued'} ${JSON.stringify(event).slice(0, 220)}`).join('\n');
}

async function rawList(drover: Drover, id: string): Promise<string> {
  let text = '';
  let page: string | null = '';
  while (page !== null) {
    const query: string = page === '' ? '' : `&page=${encodeURIComponent(page)}`;
    const response = await drover.fetch(`/v1/sessions/${id}/events?limit=7${query}`);
    const body = await response.text();
    if (response.status !== 200) throw new Error(`${response.status} ${body}`);
    text += `${body}\n`;
    // The contract's page: a cursor, or null at the end.
    page = (JSON.parse(body) as { next_page: string | null }).next_page;
  }
  return text;
}
