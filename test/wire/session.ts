import type Anthropic from '@anthropic-ai/sdk';
import type { SessionEvent } from '../../src/session/session.js';
import type { Scripted, Wire } from './server.js';
import { follow, type Recording } from './recording.js';

type CreateParams = Anthropic.Beta.Sessions.SessionCreateParams;
type EventParams = Anthropic.Beta.Sessions.BetaManagedAgentsEventParams;

export interface TalkOptions extends Partial<Omit<CreateParams, 'agent' | 'environment_id'>> {
  /** The agent's tools; true for the whole toolset, allowed without asking. */
  tools?: boolean | Anthropic.Beta.Agents.AgentCreateParams['tools'];
  /** An id of its own: the upstream knows a session by it. */
  model?: string;
  replies?: Scripted[];
}

/** A session whose every event from its first is recorded, with a model of its own. */
export interface Talk {
  id: string;
  model: string;
  stream: Recording;
  script(...replies: Scripted[]): void;
  send(...texts: string[]): Promise<SessionEvent[]>;
  interrupt(): Promise<unknown>;
  /** Sends events of any kind; gives their echoes. */
  post(...events: EventParams[]): Promise<SessionEvent[]>;
  /** Sends them and waits for the idle that follows; gives the events in between. */
  postUntilIdle(...events: EventParams[]): Promise<SessionEvent[]>;
  /** Says it and waits for the idle that follows; gives the events in between, as they were streamed. */
  turn(...texts: string[]): Promise<SessionEvent[]>;
  /** The whole list. */
  list(): Promise<SessionEvent[]>;
}

let sessions = 0;
const environments = new WeakMap<Wire, Promise<string>>();

/** A model that no other session has. */
function newModel(): string {
  sessions += 1;
  return `model-${sessions}`;
}

/** One of those, with a list price: ids of models end in their date. */
export function newPricedModel(): string {
  sessions += 1;
  return `claude-haiku-4-5-${20_000_000 + sessions}`;
}

/** Opens a session over the SDK: agent, session, stream. The environment is shared. */
export async function openTalk(
  wire: Wire,
  { tools = false, model = newModel(), replies = [], ...more }: TalkOptions = {},
): Promise<Talk> {
  wire.script(model, ...replies);
  const environment_id = await environmentOf(wire);
  const agent = await wire.client.beta.agents.create({
    name: `Agent of ${model}`,
    model,
    tools: Array.isArray(tools) ? tools : tools ? [{ type: 'agent_toolset_20260401' }] : [],
  });
  const { id } = await wire.client.beta.sessions.create({ agent: agent.id, environment_id, ...more });
  return talkTo(wire, id, model);
}

/** Another look at a session that is there already. */
export async function talkTo(wire: Wire, id: string, model: string): Promise<Talk> {
  const stream = await follow(wire.client, id);
  const post = async (...events: EventParams[]): Promise<SessionEvent[]> =>
    (await wire.client.beta.sessions.events.send(id, { events })).data ?? [];
  const send = (...texts: string[]): Promise<SessionEvent[]> =>
    post(...texts.map((text) => ({ type: 'user.message' as const, content: [{ type: 'text' as const, text }] })));
  return {
    id,
    model,
    stream,
    send,
    script: (...replies) => wire.script(model, ...replies),
    interrupt: () => post({ type: 'user.interrupt' }),
    post,
    async postUntilIdle(...events) {
      const from = stream.events.length;
      await post(...events);
      return stream.untilIdle(from);
    },
    async turn(...texts) {
      const from = stream.events.length;
      await send(...texts);
      return stream.untilIdle(from);
    },
    list: () => listAll(wire, id),
  };
}

/** All pages of the session's events. */
export async function listAll(
  wire: Wire,
  id: string,
  params: Anthropic.Beta.Sessions.EventListParams = {},
): Promise<SessionEvent[]> {
  const events: SessionEvent[] = [];
  for await (const event of wire.client.beta.sessions.events.list(id, params)) events.push(event);
  return events;
}

function environmentOf(wire: Wire): Promise<string> {
  const known = environments.get(wire);
  if (known) return known;
  const made = wire.client.beta.environments.create({ name: 'wire' }).then(({ id }) => id);
  environments.set(wire, made);
  return made;
}

export function typesOf(events: { type: string }[]): string[] {
  return events.map(({ type }) => type);
}

/** The events of one type. */
export function only<Type extends SessionEvent['type']>(
  events: SessionEvent[],
  type: Type,
): Extract<SessionEvent, { type: Type }>[] {
  return events.filter((event): event is Extract<SessionEvent, { type: Type }> => event.type === type);
}

/** The texts of an event's content, joined. */
export function textOf(event: object | undefined): string {
  // Whatever has no content has no text either.
  const { content } = (event ?? {}) as { content?: { type: string }[] };
  return (content ?? []).map((block) => ('text' in block ? String(block.text) : `[${block.type}]`)).join('');
}

/** Bytes of the history of a session's present run. */
export async function historySize(wire: Wire, id: string): Promise<number> {
  const { raw } = await wire.temporal.workflow.getHandle(id).describe();
  return Number(raw.workflowExecutionInfo?.historySizeBytes);
}
