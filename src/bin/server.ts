import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { createAccess } from '../catalog/access/access.js';
import { createCatalogs } from '../catalog/catalog.js';
import { createEnrollments } from '../catalog/profiles/enrollments.js';
import type { Files } from '../catalog/files/files.js';
import { type KeptDeps, sweepContents } from '../catalog/files/kept.js';
import { readMessageFile } from '../catalog/files/message-files.js';
import { createTurns } from '../catalog/files/turns.js';
import { DEFAULT_WORKSPACE } from '../catalog/workspace.js';
import { type ApiKey, loadApiKey } from '../config/api-key.js';
import type { Config } from '../config/config.js';
import { orExplain } from '../config/start-error.js';
import { loadTunnelKey } from '../config/tunnel-key.js';
import type { FileContents } from '../files/contents.js';
import { createHttpServer, type HttpServerDeps } from '../http/server.js';
import { createOutbound } from '../net/outbound.js';
import { createPrices, type Prices } from '../pricing/prices.js';
import { startReaper } from '../sandbox/reaper.js';
import type { Mounts } from '../mounts/mounts.js';
import type { Sandboxes, SandboxSpec } from '../sandbox/sandbox.js';
import { createFileBlobs } from '../session/blobs.js';
import type { Database } from '../storage/database.js';
import { connectClient } from '../temporal/connection.js';
import { obtainTemporal } from '../temporal/server/binary.js';
import type { TemporalServer } from '../temporal/server/embedded-server.js';
import { startTemporal } from '../temporal/server/embedded.js';
import { connectExisting } from '../temporal/server/namespace.js';
import { type CleanUp, createCleanUp } from './clean-up.js';
import { type DataDirectory, openDataDirectory } from './data-directory.js';
import { type DeploymentsAtWork, openDeployments } from './deployments.js';
import { guardDisk } from './disk-guard.js';
import { type Engine, startEngine } from './engine.js';
import { startExpiry } from './expiry.js';
import { type DreamsAtWork, openDreams } from './dreams.js';
import { openContents } from './files.js';
import { openSandboxes, reclaimIdle } from './hands.js';
import { openModels, type ServedModels } from './models.js';
import { type MountsConfig, openMounts } from './mounts.js';
import { startRecovery } from './recovery.js';
import { createSessionRows, findSession } from './session-rows.js';
import { openStore } from './store.js';
import { openVault } from './vault.js';
import { openWebhooks, type Webhooks } from './webhooks.js';

export interface Server {
  url: string;
  key: ApiKey;
  temporalUi: string | undefined;
  temporalAddress: string;
  /** Rejects when the server cannot go on. */
  ended: Promise<void>;
  /** Ends streams, lets go of what runs, and stops what was started here. */
  stop(): Promise<void>;
}

export interface ServerOptions {
  version: string;
  log: (line: string) => void;
}

/** The whole of Drover in one process. Throws a StartError that says what to mend; nothing runs on then. */
export async function startServer(config: Config, options: ServerOptions): Promise<Server> {
  const cleanUp = createCleanUp((error) => options.log(`while stopping: ${String(error)}`));
  try {
    return await start(config, options, cleanUp);
  } catch (error) {
    await cleanUp.run();
    throw error;
  }
}

async function start(config: Config, options: ServerOptions, cleanUp: CleanUp): Promise<Server> {
  const { log } = options;
  const directory = openDataDirectory(config.dataDir);
  cleanUp.add(() => directory.close());
  const key = loadApiKey(config);
  const opening = [
    openTemporal(config, directory.id, log, cleanUp),
    openKept(config, directory, cleanUp),
    openSandboxes(config, directory, log, cleanUp),
  ] as const;
  // One may fail while another is still starting something, which has to be there to be undone.
  await Promise.allSettled(opening);
  const [temporal, kept, hands] = await Promise.all(opening);
  const { db } = kept;
  const secrets = await openVault(config, db);
  hands.notes.forEach(log);
  const client = await openClient(config, temporal, cleanUp);
  const models = openModels(config);
  const prices = createPrices(models.priceOf);
  const deployments = openDeployments(config, { db, client, store: directory.id, log });
  const mounts = await openHolds({ ...kept, dataDir: directory.path, log }, hands.sandboxes, cleanUp);
  const dreams = openDreams({ db, client, mounts, log });
  for (const work of [deployments, dreams]) cleanUp.add(() => work.stop());
  const outbound = createOutbound({ allowPrivate: config.allowPrivateAddresses });
  const webhooks = openWebhooks(config, { db, client, address: temporal.address, secrets, outbound, log });
  const atWork = { mounts, deployments, dreams, webhooks };
  const parts = { client, temporal, directory, models, prices, ...atWork, ...kept, ...hands, log };
  const engine = await openEngine(config, parts, cleanUp);
  const tunnelKey = loadTunnelKey(config);
  const catalogOf = createCatalogs({
    ...kept,
    mounts,
    sessions: guardDisk(engine.sessions, directory.path),
    log: engine.log,
    scheduleSync: deployments.scheduleSync,
    ...dreams.forCatalog,
    secrets,
    outbound,
    courier: webhooks.courier,
    ...catalogSettings(config, { models, prices }),
    tunnelKey,
  });
  await webhooks.start(cleanUp);
  for (const work of [deployments, dreams]) work.begin(catalogOf);
  const { files, sessions, work } = catalogOf(DEFAULT_WORKSPACE);
  await startUpkeep(config, { db, files, mounts, sandboxes: hands.sandboxes, log }, cleanUp);
  const enrollments = createEnrollments({ db, key: tunnelKey });
  const api = { catalogOf, access: createAccess({ db }), enrollments, log: engine.log, apiKeys: [key.value] };
  const url = await openApi(config, options, api, cleanUp);
  directory.announce(url);
  const recovery = startRecovery({ ...atWork, db, engine, sessions, work, log });
  cleanUp.add(() => recovery.stop());
  return {
    url,
    key,
    temporalUi: temporal.uiUrl,
    temporalAddress: temporal.address,
    ended: engine.ended,
    stop: () => cleanUp.run(),
  };
}

/** What sandboxes hold; at the end what idle ones have written is taken in. */
async function openHolds(config: MountsConfig, sandboxes: Sandboxes, cleanUp: CleanUp) {
  const mounts = openMounts(config);
  // As with files: a dream that goes on writes what its session is to hold before that is there.
  await mounts.sweep(async (id) => (await findSession(config.db, id)) !== undefined);
  cleanUp.add(() => reclaimIdle({ sandboxes, onReclaimed: (id) => mounts.collect(id) }));
  cleanUp.add(() => mounts.close());
  return mounts;
}

function catalogSettings(config: Config, { models, prices }: Pick<Parts, 'models' | 'prices'>) {
  const { allowPrivateAddresses: allowPrivate, workLeaseSeconds } = config;
  return { allowPrivate, workLeaseSeconds, models: models.list, factsOf: models.factsOf, hasPrice: prices.has };
}

type Api = Pick<HttpServerDeps, 'catalogOf' | 'access' | 'enrollments' | 'log' | 'apiKeys'>;

/** Begins to take requests; gives the URL for them. */
async function openApi(config: Config, { version, log }: ServerOptions, api: Api, cleanUp: CleanUp): Promise<string> {
  const { host, port, rateLimits } = config;
  const http = createHttpServer({
    ...api,
    health: () => ({ status: 'ok', version }),
    rateLimits,
    report: (error, request) => log(`${request.id} ${request.method} ${request.path}: ${describe(error)}`),
    onKeyCheckFailed: (error) => log(`the keys of open streams cannot be looked at: ${describe(error)}`),
  });
  const url = await orExplain(`cannot listen on ${host}:${port}`, http.listen({ host, port }));
  cleanUp.add(() => http.close());
  return url;
}

interface Upkeep extends Pick<Parts, 'db' | 'mounts' | 'sandboxes' | 'log'> {
  files: Files;
}

/** Files that expire, and sandboxes that nobody uses or wants. */
async function startUpkeep(config: Config, parts: Upkeep, cleanUp: CleanUp): Promise<void> {
  const { db, files, mounts, sandboxes, log } = parts;
  const expiry = startExpiry(files, log);
  cleanUp.add(() => expiry.stop());
  const isWanted = async (id: string): Promise<boolean> => (await findSession(db, id)) !== undefined;
  const { idleMs } = config.sandbox;
  const onReclaimed = (id: string): Promise<void> => mounts.collect(id);
  const reaper = startReaper({ sandboxes, isWanted, idleMs, onReclaimed }, Math.min(idleMs, REAP_EVERY_MS));
  cleanUp.add(() => reaper.stop());
}

const REAP_EVERY_MS = 30_000;

async function openTemporal(
  config: Config,
  store: string,
  log: (line: string) => void,
  cleanUp: CleanUp,
): Promise<TemporalServer> {
  const { address, namespace } = config.temporal;
  if (address !== undefined) return connectExisting({ address, namespace, store }, log);
  const { path } = await obtainTemporal({ log });
  const temporal = await startTemporal({ binary: path, dataDir: config.dataDir, log });
  cleanUp.add(() => temporal.stop());
  return temporal;
}

async function openClient(config: Config, { address }: TemporalServer, cleanUp: CleanUp): Promise<Client> {
  const client = await connectClient(address, config.temporal.namespace);
  cleanUp.add(() => client.connection.close());
  return client;
}

/** Rows and files. What a process that died has left of these goes before anybody who is at work again takes files in. */
async function openKept(config: Config, directory: DataDirectory, cleanUp: CleanUp): Promise<KeptDeps> {
  const db = await openStore(config, directory);
  cleanUp.add(() => db.destroy());
  const kept = { db, contents: await openContents(config, directory), turns: createTurns() };
  await sweepContents(kept);
  return kept;
}

const SPEC: SandboxSpec = { cpus: 1, memoryMb: 1_024, pids: 256, diskMb: 10_240, env: {} };

interface Parts {
  client: Client;
  temporal: TemporalServer;
  db: Database;
  directory: DataDirectory;
  models: ServedModels;
  prices: Prices;
  mounts: Mounts;
  contents: FileContents;
  deployments: DeploymentsAtWork;
  dreams: DreamsAtWork;
  webhooks: Pick<Webhooks, 'announcer'>;
  sandboxes: Sandboxes;
  log: (line: string) => void;
}

async function openEngine(config: Config, parts: Parts, cleanUp: CleanUp): Promise<Engine> {
  const { temporal, db, directory, models, deployments, dreams, webhooks } = parts;
  const { continueAsNewEvents, heartbeatTimeoutMs, maxCachedWorkflows, stickyTimeoutMs } = config.temporal;
  const engine = await startEngine({
    ...parts,
    address: temporal.address,
    store: directory.id,
    fires: deployments.fires,
    dreamSteps: dreams.stepsOf,
    announcer: webhooks.announcer,
    blobs: createFileBlobs(join(directory.path, 'blobs')),
    model: models.model,
    factsOf: models.factsOf,
    spec: SPEC,
    limits: {
      rounds_per_turn: config.roundsPerTurn,
      attempts: ATTEMPTS,
      history_events: continueAsNewEvents,
      heartbeat_timeout_ms: heartbeatTimeoutMs,
    },
    maxRunning: config.maxRunning,
    maxCachedWorkflows,
    stickyTimeoutMs,
    ...createSessionRows(db),
    fileOf: (sessionId, fileId) => readMessageFile(parts, sessionId, fileId),
  });
  cleanUp.add(() => engine.stop());
  return engine;
}

const ATTEMPTS = 5;

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
