import Anthropic from '@anthropic-ai/sdk';
import type { Child } from './child.js';
import { type Conversation, converse, messageOf } from './conversation.js';
import type { DroverProcess } from './drover-process.js';

/** A server that conversations are held with: Drover, or the floor. */
export interface Host {
  client: Anthropic;
  /** Its process, and its Temporal server's. */
  pids: { server: number; temporal: number };
  /** A new session of that agent; default: one without tools. */
  open(agent?: AgentName): Promise<Conversation>;
  /** A new session, without its stream; the message starts it at once. */
  create(agent?: AgentName, message?: string): Promise<string>;
}

/** `handy` has the tools, `asking` runs them only when it is allowed to, `calling` has one that the client runs. */
export type AgentName = 'plain' | 'handy' | 'asking' | 'calling';

const permission_policy = { type: 'always_ask' } as const;
const TOOLS: Record<AgentName, NonNullable<Anthropic.Beta.Agents.AgentCreateParams['tools']>> = {
  plain: [],
  handy: [{ type: 'agent_toolset_20260401' }],
  asking: [{ type: 'agent_toolset_20260401', default_config: { permission_policy } }],
  calling: [{ type: 'custom', name: 'ask', description: 'Asks somebody.', input_schema: { type: 'object' } }],
};

/** Drover, with an agent of each kind. */
export async function hostOf(drover: DroverProcess): Promise<Host> {
  const client = createClient(drover.url, drover.apiKey);
  const environment = await client.beta.environments.create({ name: 'bench' });
  const makeAgent = async (name: AgentName): Promise<string> =>
    (await client.beta.agents.create({ name, model: 'claude-opus-5-5', tools: TOOLS[name] })).id;
  const agents = {
    plain: await makeAgent('plain'),
    handy: await makeAgent('handy'),
    asking: await makeAgent('asking'),
    calling: await makeAgent('calling'),
  };
  const create = async (agent: AgentName = 'plain', message?: string): Promise<string> => {
    const parts = { agent: agents[agent], environment_id: environment.id };
    const initial = message === undefined ? {} : { initial_events: [messageOf(message)] };
    return (await client.beta.sessions.create({ ...parts, ...initial })).id;
  };
  const pids = { server: drover.child.pid, temporal: drover.temporal().pid };
  return { client, pids, create, open: async (agent) => converse(client, await create(agent)) };
}

/** The floor answers the same three requests and knows neither agents nor environments. */
export function hostOfFloor(floor: Child, temporal: number): Host {
  const client = createClient(floor.url, 'none');
  const create = async (): Promise<string> =>
    (await client.beta.sessions.create({ agent: 'agent_floor', environment_id: 'env_floor' })).id;
  const pids = { server: floor.pid, temporal };
  return { client, pids, create, open: async () => converse(client, await create()) };
}

function createClient(baseURL: string, apiKey: string): Anthropic {
  return new Anthropic({ baseURL, apiKey, maxRetries: 0, logLevel: 'off', openTelemetry: false });
}
