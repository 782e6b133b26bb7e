import { API_KEY, type TestServer } from '../support/app.js';
import { CA_PEM } from '../support/certificates.js';
import { skillFiles } from '../support/skill-files.js';
import { bearing, openQueue, type Queue, type WorkItem } from '../support/work.js';
import { asking, call, customTool } from '../wire/answers.js';
import type { Wire } from '../wire/server.js';
import { newPricedModel, only, openTalk, type Talk } from '../wire/session.js';

/** A session that requests are aimed at, and the calls in it that wait for an answer; ids of nothing where none does. */
export interface Target {
  state: string;
  session_id: string;
  thread_id: string;
  asked: string;
  custom_call: string;
}

/** All that requests name. */
export interface Scene {
  agent_id: string;
  environment_id: string;
  /** No session is in it. */
  spare_environment_id: string;
  model_id: string;
  user_profile_id: string;
  /** It has one certificate. */
  tunnel_id: string;
  certificate_id: string;
  /** It has none. */
  spare_tunnel_id: string;
  /** The organization's. */
  webhook_id: string;
  deployment_id: string;
  deployment_run_id: string;
  vault_id: string;
  /** An `mcp_oauth` one, of a server that is not there. */
  credential_id: string;
  file_id: string;
  skill_id: string;
  /** Of that skill, and not its only one. */
  skill_version_id: string;
  memory_store_id: string;
  /** It was cancelled. */
  dream_id: string;
  memory_id: string;
  /** Of that memory, and not its newest. */
  memory_version_id: string;
  /** It has one resource, which it keeps. */
  resourceful_session_id: string;
  resource_id: string;
  /** A self-hosted one, with one work item, which is stopped. */
  queue_environment_id: string;
  environment_key: string;
  work_id: string;
  targets: Target[];
}

const MODEL = 'claude-haiku-4-5-20251001';
const NOTHING = { asked: 'sevt_none', custom_call: 'sevt_none' };
const CAP = { type: 'limit', max_list_cost: { amount: '20', currency: 'USD' } } as const;

/** For the server whose sessions live in memory: one that is new, one that waits, one that is archived. */
export async function memoryScene({ client, session }: TestServer): Promise<Scene> {
  const scene = await emptyScene(client, bearing(client.baseURL, API_KEY));
  const { sessions } = client.beta;
  const open = async (state: string): Promise<Target> => {
    const { agent_id, environment_id } = scene;
    const { id } = await sessions.create({ agent: agent_id, environment_id, budget: CAP });
    return target(client, state, id);
  };
  const waiting = await open('waiting');
  const { session_id } = waiting;
  const asked = { type: 'agent.tool_use', name: 'bash', input: {}, evaluated_permission: 'ask' } as const;
  waiting.asked = session.emit(session_id, asked).id;
  waiting.custom_call = session.emit(session_id, { type: 'agent.custom_tool_use', name: 'x', input: {} }).id;
  const archived = await open('archived');
  await sessions.archive(archived.session_id);
  return { ...scene, targets: [await open('new'), waiting, archived] };
}

/** For the whole server: sessions in every state. The running one's model answers when `held` has come. */
export async function wireScene(wire: Wire, held: Promise<void>): Promise<Scene> {
  const scene = await emptyScene(wire.client);
  const targets = await Promise.all([
    talkTarget(wire, 'new', openTalk(wire)),
    talkTarget(wire, 'idle', idle(wire)),
    talkTarget(wire, 'running', running(wire, held)),
    waitingTarget(wire),
    talkTarget(wire, 'at its budget', atBudget(wire)),
    talkTarget(wire, 'archived', archived(wire)),
  ]);
  return { ...scene, targets };
}

type Client = TestServer['client'];

async function emptyScene(client: Client, admin = client): Promise<Scene> {
  const { beta, baseURL } = client;
  const agent = await beta.agents.create({ name: 'a', model: MODEL });
  const environment = await beta.environments.create({ name: 'e' });
  const spare = await beta.environments.create({ name: 'f' });
  const profile = await beta.userProfiles.create({ name: 'p' });
  const tunnel = await beta.tunnels.create({ display_name: 't' });
  const certificate = await beta.tunnels.certificates.create(tunnel.id, { ca_certificate_pem: CA_PEM });
  const spareTunnel = await beta.tunnels.create({});
  const webhook = await onlyWebhook(beta);
  const deployment = await beta.deployments.create({
    name: 'd',
    agent: agent.id,
    environment_id: environment.id,
    initial_events: [{ type: 'user.message', content: [{ type: 'text', text: 'go' }] }],
  });
  const run = await beta.deployments.run(deployment.id);
  const vault = await beta.vaults.create({ display_name: 'v' });
  const auth = { type: 'mcp_oauth', access_token: 't', mcp_server_url: 'http://127.0.0.1:9/mcp' } as const;
  const credential = await beta.vaults.credentials.create(vault.id, { auth });
  const file = await beta.files.upload({ file: new File(['x'], 'a.txt') });
  const skill = await beta.skills.create({ files: skillFiles('s') });
  await beta.skills.versions.create(skill.id, { files: skillFiles('s') });
  const store = await beta.memoryStores.create({ name: 's' });
  const memory = await beta.memoryStores.memories.create(store.id, { path: '/fuzz', content: '' });
  await beta.memoryStores.memories.update(memory.id, { memory_store_id: store.id, content: 'x' });
  const resources = [{ type: 'github_repository', url: 'https://github.com/o/r' } as const];
  const made = { agent: agent.id, environment_id: environment.id, resources };
  const resourceful = await beta.sessions.create(made);
  const [repository] = resourceful.resources;
  const dream = await beta.dreams.create({
    inputs: [
      { type: 'memory_store', memory_store_id: store.id },
      { type: 'sessions', session_ids: [resourceful.id] },
    ],
    model: MODEL,
  });
  await beta.dreams.cancel(dream.id);
  const queue = await openQueue(baseURL, client, admin);
  const work = await stoppedWork(client, queue, agent.id);
  return {
    agent_id: agent.id,
    environment_id: environment.id,
    spare_environment_id: spare.id,
    model_id: MODEL,
    user_profile_id: profile.id,
    tunnel_id: tunnel.id,
    certificate_id: certificate.id,
    spare_tunnel_id: spareTunnel.id,
    webhook_id: webhook.id,
    deployment_id: deployment.id,
    deployment_run_id: run.id,
    vault_id: vault.id,
    credential_id: credential.id,
    file_id: file.id,
    skill_id: skill.id,
    skill_version_id: skill.latest_version_id,
    memory_store_id: store.id,
    dream_id: dream.id,
    memory_id: memory.id,
    memory_version_id: memory.memory_version_id,
    resourceful_session_id: resourceful.id,
    resource_id: repository?.type === 'github_repository' ? repository.id : 'none',
    queue_environment_id: queue.environment_id,
    environment_key: queue.key,
    work_id: work.id,
    targets: [],
  };
}

/** There are never more than a few of these: what another scene or a request has made goes. */
async function onlyWebhook({ organization: { webhooks } }: Client['beta']) {
  for await (const { id } of webhooks.list()) await webhooks.delete(id);
  return webhooks.create({ url: 'https://example.com/a', enabled_events: ['external_key.failed'] });
}

async function stoppedWork({ beta }: Client, queue: Queue, agent: string): Promise<WorkItem> {
  const { environment_id } = queue;
  const initial_events = [{ type: 'user.message' as const, content: [{ type: 'text' as const, text: 'hi' }] }];
  await beta.sessions.create({ agent, environment_id, initial_events });
  const { id } = await queue.claim();
  return beta.environments.work.stop(id, { environment_id });
}

async function target({ beta }: Client, state: string, session_id: string): Promise<Target> {
  const threads = await beta.sessions.threads.list(session_id);
  return { state, session_id, thread_id: threads.data[0]?.id ?? 'none', ...NOTHING };
}

async function talkTarget({ client }: Wire, state: string, opening: Promise<Talk>): Promise<Target> {
  const talk = await opening;
  talk.stream.close();
  return target(client, state, talk.id);
}

async function idle(wire: Wire): Promise<Talk> {
  const talk = await openTalk(wire);
  await talk.turn('go');
  return talk;
}

async function running(wire: Wire, held: Promise<void>): Promise<Talk> {
  const talk = await openTalk(wire, { replies: [() => held.then(() => ({}))] });
  await talk.send('go');
  await talk.stream.until(({ type }) => type === 'span.model_request_start');
  return talk;
}

async function waitingTarget(wire: Wire): Promise<Target> {
  const blocks = [call('bash', { command: 'true' }), call('weather', { city: 'Bern' })];
  const talk = await openTalk(wire, { tools: [asking('bash'), customTool('weather')], replies: [{ blocks }] });
  const events = await talk.turn('go');
  const found = await talkTarget(wire, 'waiting', Promise.resolve(talk));
  found.asked = only(events, 'agent.tool_use')[0]?.id ?? 'none';
  found.custom_call = only(events, 'agent.custom_tool_use')[0]?.id ?? 'none';
  return found;
}

async function atBudget(wire: Wire): Promise<Talk> {
  const usage = { input_tokens: 0, output_tokens: 50_000 };
  const talk = await openTalk(wire, { model: newPricedModel(), budget: CAP, replies: [{ usage }] });
  await talk.turn('go');
  return talk;
}

async function archived(wire: Wire): Promise<Talk> {
  const talk = await openTalk(wire);
  await wire.client.beta.sessions.archive(talk.id);
  return talk;
}
