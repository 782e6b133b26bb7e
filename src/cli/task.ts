import Anthropic from '@anthropic-ai/sdk';
import { followTurn } from './follow.js';
import { say, seconds } from './print.js';

export interface TaskOptions {
  url: string;
  apiKey: string;
  model: string;
  task: string;
}

/** Has an agent do the task, through the official SDK as any client would, and prints what happens. Returns the session's id. */
export async function runTask({ url, apiKey, model, task }: TaskOptions): Promise<string> {
  const client = new Anthropic({ apiKey, baseURL: url });
  const { agents, environments, sessions } = client.beta;
  const agent = await agents.create({
    name: 'quickstart',
    model,
    system: 'You are a careful programmer. Work in /workspace and keep your answers short.',
    tools: [{ type: 'agent_toolset_20260401' }],
  });
  const environment = await environments.create({ name: 'quickstart' });
  const session = await sessions.create({ agent: agent.id, environment_id: environment.id, title: 'Quickstart' });
  say('created', `${agent.id}, ${environment.id}, ${session.id}\n`);
  say('you', `${task}\n`);
  // Opened first: a stream shows what happens from then on.
  const stream = await sessions.events.stream(session.id);
  const began = performance.now();
  await sessions.events.send(session.id, {
    events: [{ type: 'user.message', content: [{ type: 'text', text: task }] }],
  });
  const turn = await followTurn(stream);
  const { input_tokens = 0, output_tokens = 0 } = turn.usage;
  const tokens = `${input_tokens.toLocaleString('en')} tokens in, ${output_tokens.toLocaleString('en')} out`;
  say(
    'done',
    `in ${seconds(performance.now() - began)}: ${turn.requests} model requests, ${turn.calls} tool calls, ${tokens}\n`,
  );
  return session.id;
}
