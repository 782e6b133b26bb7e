import Anthropic from '@anthropic-ai/sdk';
import type { Child } from './child.js';
import { type Conversation, converse } from './conversation.js';
import type { DroverProcess } from './drover-process.js';

/** A server that conversations are held with: Drover, or the floor. */
export interface Host {
  client: Anthropic;
  /** Its process, and its Temporal server's. */
  pids: { server: number; temporal: number };
  /** A new session; `hands` gives its agent the tools. */
  open(hands?: boolean): Promise<Conversation>;
  /** A new session, without its stream. */
  create(hands?: boolean): Promise<string>;
}

/** Drover, with an agent that has tools and one that has none. */
export async function hostOf(drover: DroverProcess): Promise<Host> {
  const client = createClient(drover.url, drover.apiKey);
  const model = 'claude-opus-5-5';
  const [environment, plain, handy] = await Promise.all([
    client.beta.environments.create({ name: 'bench' }),
    client.beta.agents.create({ name: 'plain', model }),
    client.beta.agents.create({ name: 'handy', model, tools: [{ type: 'agent_toolset_20260401' }] }),
  ]);
  const create = async (hands = false): Promise<string> => {
    const agent = (hands ? handy : plain).id;
    return (await client.beta.sessions.create({ agent, environment_id: environment.id })).id;
  };
  const pids = { server: drover.child.pid, temporal: drover.temporal().pid };
  return { client, pids, create, open: async (hands) => converse(client, await create(hands)) };
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
