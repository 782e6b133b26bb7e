import type { FileContents } from '../files/contents.js';
import type { FactsOf } from '../model/facts.js';
import type { Mounts } from '../mounts/mounts.js';
import type { Outbound } from '../net/outbound.js';
import type { SessionLog, Sessions } from '../session/session.js';
import type { Database } from '../storage/database.js';
import { type Agents, createAgents } from './agents/agents.js';
import type { Secrets } from '../vault/secrets.js';
import { type Clock, createRisingClock } from './clock.js';
import { createDeploymentRuns, type DeploymentRuns } from './deployments/deployment-runs.js';
import type { DeploymentsDeps } from './deployments/deployment-deps.js';
import { createDeployments, type Deployments } from './deployments/deployments.js';
import type { DreamsDeps } from './dreams/dream-deps.js';
import { createDreams, type Dreams } from './dreams/dreams.js';
import { createEnvironments, type Environments } from './environments/environments.js';
import { createMemories, type Memories } from './memory/memories.js';
import { createMemoryStores, type MemoryStores, type MemoryStoresDeps } from './memory/memory-stores.js';
import { createMemoryVersions, type MemoryVersions } from './memory/memory-versions.js';
import { createFiles, type Files } from './files/files.js';
import { removeSessionFiles } from './files/outputs.js';
import type { Turns } from './files/turns.js';
import { createModels, type ListModels, type Models } from './models.js';
import type { NounDeps } from './noun.js';
import { createEnrollmentLinks } from './profiles/enrollment-link.js';
import { createUserProfiles, type UserProfiles, type UserProfilesDeps } from './profiles/user-profiles.js';
import { removeResources } from './resources/resource-rows.js';
import { createSessionResources, type SessionResources } from './resources/session-resources.js';
import type { SessionDeps } from './sessions/session-deps.js';
import { createSessionEvents, type SessionEvents } from './sessions/session-events.js';
import { createSessionCatalog, type SessionCatalog } from './sessions/sessions.js';
import { createThreads, type Threads } from './sessions/threads.js';
import { createSkillVersions, type SkillVersions } from './skills/skill-versions.js';
import { dropSkills } from './skills/session-skills.js';
import { createSkills, type Skills } from './skills/skills.js';
import { createTunnelCertificates, type TunnelCertificates } from './tunnels/certificates.js';
import { createTokenText } from './tunnels/tunnel-token.js';
import { createTunnels, type Tunnels, type TunnelsDeps } from './tunnels/tunnels.js';
import { type Credentials, createCredentials } from './vaults/credentials.js';
import { createVaults, type Vaults } from './vaults/vaults.js';
import { createAnnounce } from './webhooks/announce.js';
import type { Courier } from './webhooks/courier.js';
import { createWebhookEndpoints, type WebhookEndpoints } from './webhooks/endpoints.js';
import { ORGANIZATION_EVENTS, WORKSPACE_EVENTS } from './webhooks/event-types.js';
import { createWork, type Work } from './work/work.js';
import { removeWork } from './work/work-end.js';
import { createWorkBell } from './work/work-bell.js';

/** Everything the API serves, one member a noun. Bodies are validated here; what comes back is what is sent. */
export interface Catalog {
  agents: Agents;
  environments: Environments;
  sessions: SessionCatalog;
  resources: SessionResources;
  events: SessionEvents;
  threads: Threads;
  vaults: Vaults;
  credentials: Credentials;
  files: Files;
  skills: Skills;
  skillVersions: SkillVersions;
  memoryStores: MemoryStores;
  memories: Memories;
  memoryVersions: MemoryVersions;
  deployments: Deployments;
  deploymentRuns: DeploymentRuns;
  dreams: Dreams;
  models: Models;
  userProfiles: UserProfiles;
  tunnels: Tunnels;
  tunnelCertificates: TunnelCertificates;
  webhooks: WebhookEndpoints;
  /** The same in every workspace. */
  organizationWebhooks: WebhookEndpoints;
  work: Work;
}

export interface CatalogDeps {
  db: Database;
  sessions: Sessions;
  log: SessionLog;
  /** Seals what vaults hold. */
  secrets: Secrets;
  contents: FileContents;
  turns: Turns;
  /** What sandboxes hold of what is kept here. */
  mounts: Pick<Mounts, 'prepare' | 'collect'> & MemoryStoresDeps['mounts'];
  /** Asks the servers that credentials name. */
  outbound: Outbound;
  /** Whether these, and webhooks, may be in a private network. */
  allowPrivate: boolean;
  /** Brings webhooks to their endpoints. */
  courier: Courier;
  /** Has deployments run at their times. */
  scheduleSync: DeploymentsDeps['scheduleSync'];
  /** Has dreams carried out. */
  startDream: DreamsDeps['startDream'];
  transcripts: DreamsDeps['transcripts'];
  models: ListModels;
  factsOf: FactsOf;
  /** Whether requests to this model have a list price. */
  hasPrice: (model: string) => boolean;
  /** What the tokens of tunnels and enrolment URLs are made from: a secret that stays the same. */
  tunnelKey: string;
  /** How long a worker of a self-hosted environment may be silent, unless it asks for something else. */
  workLeaseSeconds?: number;
  now?: Clock;
}

/** The catalog of one workspace: what is in others is not there for it. */
export type CatalogOf = (workspace: string) => Catalog;

/** Makes each workspace's catalog when it is first asked for. */
export function createCatalogs({ now = Date.now, workLeaseSeconds = 90, ...deps }: CatalogDeps): CatalogOf {
  const common: Common = {
    ...deps,
    now,
    leaseSeconds: workLeaseSeconds,
    bell: createWorkBell(),
    owedWork: new Set(),
    clock: createRisingClock(now),
    inWork: new Set(),
    belongings: [removeResources, removeSessionFiles, dropSkills, removeWork].map((remove) => ({
      remove: (id: string) => remove(deps, id),
    })),
    tokenText: createTokenText(deps.tunnelKey),
    enrollmentLinks: createEnrollmentLinks(deps.tunnelKey),
  };
  const catalogs = new Map<string, Catalog>();
  return (workspace) => {
    const announce = createAnnounce({ ...common, workspace });
    const catalog = catalogs.get(workspace) ?? createCatalog({ ...common, workspace, announce });
    catalogs.set(workspace, catalog);
    return catalog;
  };
}

/** What the catalogs of a process have in common. */
type Common = Required<Omit<CatalogDeps, 'workLeaseSeconds'>> &
  Pick<SessionDeps, 'inWork' | 'clock' | 'belongings' | 'leaseSeconds' | 'bell' | 'owedWork'> &
  Pick<TunnelsDeps, 'tokenText'> &
  Pick<UserProfilesDeps, 'enrollmentLinks'>;

function createCatalog(deps: Common & NounDeps): Catalog {
  return {
    agents: createAgents(deps),
    environments: createEnvironments(deps),
    sessions: createSessionCatalog(deps),
    resources: createSessionResources(deps),
    events: createSessionEvents(deps),
    threads: createThreads(deps),
    vaults: createVaults(deps),
    credentials: createCredentials(deps),
    files: createFiles(deps),
    skills: createSkills(deps),
    skillVersions: createSkillVersions(deps),
    memoryStores: createMemoryStores(deps),
    memories: createMemories(deps),
    memoryVersions: createMemoryVersions(deps),
    deployments: createDeployments(deps),
    deploymentRuns: createDeploymentRuns(deps),
    dreams: createDreams(deps),
    models: createModels(deps.models),
    userProfiles: createUserProfiles(deps),
    tunnels: createTunnels(deps),
    tunnelCertificates: createTunnelCertificates(deps),
    webhooks: createWebhookEndpoints({ ...deps, owner: deps.workspace, types: WORKSPACE_EVENTS }),
    organizationWebhooks: createWebhookEndpoints({ ...deps, owner: null, types: ORGANIZATION_EVENTS }),
    work: createWork(deps),
  };
}
