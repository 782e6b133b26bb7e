import { randomBytes } from 'node:crypto';
import type Anthropic from '@anthropic-ai/sdk';
import type { Operation } from '../../src/http/routes.js';
import { SECOND_CA_PEM } from '../support/certificates.js';
import {
  BUDGET,
  CUSTOM,
  DOCUMENT,
  IMAGE,
  OUTCOME,
  REPOSITORY,
  RESULT,
  TEXT,
  TOOLSET,
  environmentCreate,
  fromFile,
  profileUpdate,
} from './parts.js';
import { MEMORY_CORPUS } from './corpus-memory.js';
import type { Scene, Target } from './scene.js';
import { WORK_CORPUS } from './corpus-work.js';

type AgentCreate = Anthropic.Beta.Agents.AgentCreateParams;
type DeploymentCreate = Anthropic.Beta.Deployments.DeploymentCreateParams;
type EventSend = Anthropic.Beta.Sessions.EventSendParams;
type SessionCreate = Anthropic.Beta.Sessions.SessionCreateParams;
type ResourceAdd = Anthropic.Beta.Sessions.ResourceAddParams;
type SessionUpdate = Anthropic.Beta.Sessions.SessionUpdateParams;
type CredentialCreate = Anthropic.Beta.Vaults.CredentialCreateParams;
type CredentialUpdate = Anthropic.Beta.Vaults.CredentialUpdateParams;

export type Known = Omit<Scene, 'targets'> & Target;

/** A good request of one operation; its path is filled from what is known. */
export interface Good {
  body?: (known: Known) => unknown;
  query?: string;
  /** Beside the key. */
  headers?: Record<string, string>;
  /** In place of what is known under the parameter's name. */
  params?: (known: Known) => Record<string, string>;
  /** What it is sent with, in place of the API key. */
  key?: (known: Known) => string;
  /** What it is answered with, unless 200. */
  status?: number;
  /** Takes away what other requests need. */
  destroys?: true;
}

const WEBHOOKS = { 'anthropic-beta': 'webhooks-2026-10-07' };

/** A good request for every operation that is carried out; the others answer 501. */
export const CORPUS: { readonly [Name in Operation]?: Good } = {
  'agents.create': { body: agentCreate },
  'agents.retrieve': { query: 'version=1' },
  'agents.update': { body: () => ({ name: 'b', system: null, tools: [CUSTOM], metadata: { a: null, c: 'd' } }) },
  'agents.list': { query: 'limit=5&include_archived=true&created_at%5Bgte%5D=2026-01-01T00:00:00Z' },
  'agents.archive': { destroys: true },
  'agents.versions.list': { query: 'limit=5' },
  'environments.create': { body: environmentCreate },
  'environments.retrieve': {},
  'environments.update': { body: () => ({ ...environmentCreate(), description: 'd', metadata: { a: '', b: null } }) },
  'environments.list': { query: 'limit=5&include_archived=false' },
  'environments.delete': { destroys: true, params: (known) => ({ environment_id: known.spare_environment_id }) },
  'environments.archive': { destroys: true },
  ...WORK_CORPUS,
  'sessions.create': { body: sessionCreate },
  'sessions.retrieve': {},
  'sessions.update': { body: sessionUpdate },
  'sessions.list': {
    query: 'limit=5&order=asc&statuses[]=idle&statuses[]=running&created_at[gt]=2026-01-01T00:00:00Z',
  },
  'sessions.delete': { destroys: true },
  'sessions.archive': { destroys: true },
  'sessions.events.list': { query: 'limit=5&order=desc&types[]=agent.message' },
  'sessions.events.send': { body: eventSend },
  'sessions.events.stream': { query: 'event_deltas[]=agent.message' },
  'sessions.resources.retrieve': inResourceful(),
  'sessions.resources.update': inResourceful({ body: () => ({ authorization_token: 't' }) }),
  'sessions.resources.list': { ...inResourceful(), query: 'limit=5' },
  // A session keeps its repositories.
  'sessions.resources.delete': { ...inResourceful(), status: 400 },
  'sessions.resources.add': inResourceful({ body: resourceAdd }),
  'sessions.threads.retrieve': {},
  'sessions.threads.list': { query: 'limit=5&statuses[]=idle' },
  // A session has one thread, which goes with it.
  'sessions.threads.archive': { status: 400 },
  'sessions.threads.events.list': { query: 'limit=5' },
  'sessions.threads.events.stream': {},
  'vaults.create': { body: () => ({ display_name: 'v', metadata: { a: 'b' } }) },
  'vaults.retrieve': {},
  'vaults.update': { body: () => ({ display_name: 'w', metadata: { a: null, c: 'd' } }) },
  'vaults.list': { query: 'limit=5&include_archived=true' },
  'vaults.delete': { destroys: true },
  'vaults.archive': { destroys: true },
  'vaults.credentials.create': { body: credentialCreate },
  'vaults.credentials.retrieve': {},
  'vaults.credentials.update': { body: credentialUpdate },
  'vaults.credentials.list': { query: 'limit=5&include_archived=true' },
  'vaults.credentials.delete': { destroys: true },
  'vaults.credentials.archive': { destroys: true },
  'vaults.credentials.mcpOAuthValidate': {},
  ...MEMORY_CORPUS,
  // These take a form and no JSON: forms have tests of their own.
  'files.upload': { status: 400 },
  'files.list': { query: 'limit=5&scope_id=sesn_none' },
  'files.retrieveMetadata': {},
  // Uploads cannot be downloaded.
  'files.download': { status: 400 },
  'files.delete': { destroys: true },
  'skills.create': { status: 400 },
  'skills.retrieve': {},
  'skills.list': { query: 'limit=5&source=custom' },
  'skills.delete': { destroys: true },
  'skills.versions.create': { status: 400 },
  'skills.versions.retrieve': { params: latest },
  'skills.versions.list': { query: 'limit=5' },
  'skills.versions.delete': { destroys: true, params: (known) => ({ version: known.skill_version_id }) },
  'skills.versions.download': { params: latest },
  'models.retrieve': {},
  'models.list': { query: 'limit=2' },
  'userProfiles.create': { body: profileUpdate },
  'userProfiles.retrieve': {},
  'userProfiles.update': { body: profileUpdate },
  'userProfiles.list': { query: 'limit=5&order=asc&order_by=name' },
  'userProfiles.delete': { destroys: true },
  'userProfiles.createEnrollmentURL': {},
  'userProfiles.actionURLs.create': { body: () => ({ action: { type: 'enroll_end_user' } }) },
  'deployments.create': { body: deploymentCreate },
  'deployments.retrieve': {},
  'deployments.update': {
    body: (known) => ({ ...deploymentCreate(known), description: null, metadata: { a: null }, budget: null }),
  },
  'deployments.list': { query: 'limit=5&status=active&agent_id=x&created_at[gte]=2026-01-01T00:00:00Z' },
  'deployments.archive': { destroys: true },
  'deployments.pause': {},
  'deployments.run': {},
  'deployments.unpause': {},
  'deploymentRuns.retrieve': {},
  'deploymentRuns.list': {
    query: 'limit=500&has_error=false&trigger_type=manual&created_at[lt]=2100-01-01T00:00:00Z',
  },
  'tunnels.create': { body: () => ({ display_name: 't' }) },
  'tunnels.retrieve': {},
  'tunnels.list': { query: 'limit=5&include_archived=true' },
  'tunnels.archive': { destroys: true },
  'tunnels.revealToken': {},
  'tunnels.rotateToken': { body: () => ({ reason: 'r' }) },
  'tunnels.certificates.create': {
    body: () => ({ ca_certificate_pem: SECOND_CA_PEM }),
    params: (known) => ({ tunnel_id: known.spare_tunnel_id }),
  },
  'tunnels.certificates.retrieve': {},
  'tunnels.certificates.list': { query: 'limit=5&include_archived=true' },
  'tunnels.certificates.archive': {},
  'organization.webhooks.create': {
    headers: WEBHOOKS,
    // There are never more than a few.
    destroys: true,
    body: () => ({ url: 'https://example.com/', enabled_events: ['external_key.failed'], name: 'n', description: 'd' }),
  },
  'organization.webhooks.retrieve': { headers: WEBHOOKS },
  'organization.webhooks.update': {
    headers: WEBHOOKS,
    body: () => ({ url: 'https://example.com/b', enabled_events: ['external_key.recovered'], state: 'enabled' }),
  },
  'organization.webhooks.list': { headers: WEBHOOKS, query: 'limit=5&order=asc' },
  'organization.webhooks.delete': { headers: WEBHOOKS, destroys: true },
  'organization.webhooks.regenerateSigningSecret': { headers: WEBHOOKS },
};

function latest() {
  return { version: 'latest' };
}

/** In the session that has a resource. */
function inResourceful(more: Pick<Good, 'body'> = {}): Good {
  return { ...more, params: (known) => ({ session_id: known.resourceful_session_id }) };
}

function resourceAdd({ file_id }: Known): ResourceAdd {
  return { type: 'file', file_id, mount_path: `/deep/${randomBytes(8).toString('hex')}.txt` };
}

function agentCreate(known: Known): AgentCreate {
  return {
    name: 'a',
    model: { id: 'claude-haiku-4-5-20251001', effort: 'low', speed: 'standard', inference_geo: 'us' },
    system: 's',
    description: 'd',
    tools: [TOOLSET, CUSTOM, { type: 'mcp_toolset', mcp_server_name: 'm', configs: [{ name: 't', enabled: false }] }],
    mcp_servers: [{ type: 'url', name: 'm', url: 'https://example.com/mcp' }],
    skills: [{ type: 'custom', skill_id: known.skill_id, version: 'latest' }],
    metadata: { a: 'b' },
    multiagent: { type: 'multiagent_20261001', subagents: { type: 'disabled' }, advisor: null },
    execution_identity: { type: 'aws_role', role_arn: 'arn:aws:iam::1:role/r' },
  };
}

function credentialCreate(): CredentialCreate {
  return {
    auth: {
      type: 'environment_variable',
      // Each name once in a vault.
      secret_name: `N${randomBytes(8).toString('hex')}`,
      secret_value: 's',
      networking: { type: 'limited', allowed_hosts: ['example.com', '192.0.2.1'] },
      injection_location: { header: true, body: false },
    },
    display_name: 'd',
    metadata: { a: 'b' },
  };
}

function credentialUpdate(): Omit<CredentialUpdate, 'vault_id'> {
  return {
    auth: { type: 'mcp_oauth', access_token: 'u', expires_at: '2099-01-01T00:00:00Z' },
    display_name: 'e',
    metadata: { a: null, c: 'd' },
  };
}

function sessionCreate({ agent_id: id, environment_id, file_id, vault_id }: Known): SessionCreate {
  return {
    agent: {
      type: 'agent_with_overrides',
      id,
      version: 1,
      system: 's',
      tools: [TOOLSET, CUSTOM],
      skills: [],
    },
    environment_id,
    vault_ids: [vault_id],
    resources: [
      { type: 'file', file_id, mount_path: '/a/b.txt' },
      { ...REPOSITORY, authorization_token: 't', checkout: { type: 'branch', name: 'main' } },
    ],
    title: 't',
    metadata: { a: 'b' },
    budget: BUDGET,
    initial_events: [{ type: 'user.message', content: [TEXT, IMAGE, DOCUMENT] }, OUTCOME],
  };
}

function deploymentCreate({ agent_id: id, environment_id, file_id }: Known): DeploymentCreate {
  return {
    name: 'd',
    agent: { type: 'agent', id, version: 1 },
    environment_id,
    initial_events: [{ type: 'user.message', content: [TEXT] }, outcomeBy(file_id)],
    schedule: { type: 'cron', expression: '0 9 1,31 1-3/2 0-7', timezone: 'Europe/Berlin' },
    budget: BUDGET,
    metadata: { a: 'b' },
    resources: [],
    vault_ids: [],
  };
}

function sessionUpdate(): SessionUpdate {
  return { title: 't', metadata: { a: null, b: 'c' }, agent: { tools: [TOOLSET, CUSTOM], mcp_servers: [] } };
}

function eventSend({ asked, custom_call, file_id }: Known): EventSend {
  const answers: EventSend['events'] = [
    { type: 'user.tool_confirmation', tool_use_id: asked, result: 'deny', deny_message: 'no' },
    { type: 'user.custom_tool_result', custom_tool_use_id: custom_call, content: [TEXT, RESULT], is_error: false },
  ];
  const message = { type: 'user.message' as const, content: [TEXT, IMAGE, DOCUMENT, fromFile(file_id)] };
  const begun = [message, outcomeBy(file_id)];
  return { events: [...(asked === 'sevt_none' ? begun : answers), { type: 'user.interrupt' }] };
}

function outcomeBy(file_id: string) {
  return { ...OUTCOME, rubric: { type: 'file' as const, file_id } };
}
