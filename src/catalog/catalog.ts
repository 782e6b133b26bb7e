import type { FileContents } from '../files/contents.js';
import type { FactsOf } from '../model/facts.js';
import type { SessionLog, Sessions } from '../session/session.js';
import type { Database } from '../storage/database.js';
import { type Agents, createAgents } from './agents/agents.js';
import type { Secrets } from '../vault/secrets.js';
import { type Clock, createRisingClock } from './clock.js';
import { createEnvironments, type Environments } from './environments/environments.js';
import { createFiles, type Files } from './files/files.js';
import { createModels, type ListModels, type Models } from './models.js';
import { createUserProfiles, type UserProfiles } from './profiles/user-profiles.js';
import { createSessionEvents, type SessionEvents } from './sessions/session-events.js';
import { createSessionCatalog, type SessionCatalog } from './sessions/sessions.js';
import { createThreads, type Threads } from './sessions/threads.js';
import { createTunnelCertificates, type TunnelCertificates } from './tunnels/certificates.js';
import { createTokenText } from './tunnels/tunnel-token.js';
import { createTunnels, type Tunnels } from './tunnels/tunnels.js';
import { type Credentials, createCredentials } from './vaults/credentials.js';
import { createVaults, type Vaults } from './vaults/vaults.js';
import { DEFAULT_WORKSPACE } from './workspace.js';

/** Everything the API serves, one member a noun. Bodies are validated here; what comes back is what is sent. */
export interface Catalog {
  agents: Agents;
  environments: Environments;
  sessions: SessionCatalog;
  events: SessionEvents;
  threads: Threads;
  vaults: Vaults;
  credentials: Credentials;
  files: Files;
  models: Models;
  userProfiles: UserProfiles;
  tunnels: Tunnels;
  tunnelCertificates: TunnelCertificates;
}

export interface CatalogDeps {
  db: Database;
  sessions: Sessions;
  log: SessionLog;
  /** Seals what vaults hold. */
  secrets: Secrets;
  contents: FileContents;
  models: ListModels;
  factsOf: FactsOf;
  /** Whether requests to this model have a list price. */
  hasPrice: (model: string) => boolean;
  /** What the tokens of tunnels are made from: a secret that stays the same. */
  tunnelKey: string;
  workspace?: string;
  now?: Clock;
}

export function createCatalog(deps: CatalogDeps): Catalog {
  const {
    db,
    sessions,
    log,
    contents,
    models,
    factsOf,
    hasPrice,
    tunnelKey,
    workspace = DEFAULT_WORKSPACE,
    now = Date.now,
  } = deps;
  const shared = { db, workspace, clock: createRisingClock(now) };
  const live = { ...shared, now, sessions, log, factsOf, hasPrice, inWork: new Set<string>() };
  return {
    agents: createAgents(shared),
    environments: createEnvironments(shared),
    sessions: createSessionCatalog(live),
    events: createSessionEvents(live),
    threads: createThreads(live),
    vaults: createVaults(shared),
    credentials: createCredentials({ ...shared, secrets: deps.secrets }),
    files: createFiles({ ...shared, now, contents }),
    models: createModels(models),
    userProfiles: createUserProfiles(shared),
    tunnels: createTunnels({ ...shared, tokenText: createTokenText(tunnelKey) }),
    tunnelCertificates: createTunnelCertificates(shared),
  };
}
