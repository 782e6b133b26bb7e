import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { type Access, createAccess } from '../../src/catalog/access/access.js';
import { type Catalog, type CatalogOf, createCatalogs } from '../../src/catalog/catalog.js';
import { createScheduleSync, type ScheduleSync } from '../../src/catalog/deployments/schedule-sync.js';
import { createEnrollments } from '../../src/catalog/profiles/enrollments.js';
import { openMounts } from '../../src/bin/mounts.js';
import { createTurns } from '../../src/catalog/files/turns.js';
import type { Mounts } from '../../src/mounts/mounts.js';
import type { RateLimits } from '../../src/http/rate-limits.js';
import type { Clock } from '../../src/catalog/clock.js';
import { DEFAULT_WORKSPACE } from '../../src/catalog/workspace.js';
import { createDiskContents } from '../../src/files/disk.js';
import { createHttpServer } from '../../src/http/server.js';
import { createOutbound } from '../../src/net/outbound.js';
import type { StreamLimits } from '../../src/http/streams.js';
import { publicFacts } from '../../src/model/facts.js';
import type { SessionLog, Sessions } from '../../src/session/session.js';
import type { Database } from '../../src/storage/database.js';
import { openDatabase } from '../../src/storage/open.js';
import { openSecrets } from '../../src/vault/secrets.js';
import { dropDatabase, newDatabase } from './database.js';
import { createMemorySchedules, type MemorySchedules } from './memory-schedules.js';
import { createMemorySessions, type MemorySessions } from './memory-session.js';
import { MODELS } from './models.js';

export const API_KEY = 'sk-ant-api-test-1';
export const SECOND_API_KEY = 'sk-ant-api-test-2';
/** The one model without a list price. */
export const UNPRICED_MODEL = 'unpriced';

const TUNNEL_KEY = 'a secret';

export interface TestServer<Part extends SessionPart = MemorySessions> {
  url: string;
  /** The data directory. */
  dir: string;
  /** Where rows are kept: what `openDatabase` takes. */
  place: string;
  /** Where files are kept. */
  filesDir: string;
  /** The official SDK, without retries. */
  client: Anthropic;
  db: Database;
  /** What sandboxes would hold; here there are none. */
  mounts: Mounts;
  /** Of the default workspace. */
  catalog: Catalog;
  catalogOf: CatalogOf;
  access: Access;
  session: Part;
  /** Stand-in for Temporal's. */
  schedules: MemorySchedules;
  scheduleSync: ScheduleSync;
  /** Every route that it serves, as Fastify prints them. */
  routes: string;
  /** What the server said was not the caller's fault. */
  reported: unknown[];
  /** The paths of the requests that this was about, as a log has them. */
  reportedPaths: string[];
  stop(): Promise<void>;
}

export interface SessionPart {
  sessions: Sessions;
  log: SessionLog;
}

export interface TestServerOptions<Part> {
  /** Who carries out the sessions; the stand-in of `memory-session.ts` unless told otherwise. */
  createSession: (db: Database) => Part;
  streams?: Partial<StreamLimits>;
  rateLimits?: RateLimits;
  now?: Clock;
  /** Whether servers that are named may be on this machine; default true. */
  allowPrivate?: boolean;
}

/** The whole API over a real socket and a real database in a directory of its own. */
export function startTestServer(options?: Omit<TestServerOptions<never>, 'createSession'>): Promise<TestServer>;
export function startTestServer<Part extends SessionPart>(options: TestServerOptions<Part>): Promise<TestServer<Part>>;
export function startTestServer(options: Partial<TestServerOptions<SessionPart>> = {}) {
  return startServer({ createSession: createMemorySessions, ...options });
}

async function startServer<Part extends SessionPart>(options: TestServerOptions<Part>): Promise<TestServer<Part>> {
  const dir = mkdtempSync(join(tmpdir(), 'drover-http-'));
  const place = await newDatabase(dir);
  const db = await openDatabase(place);
  const session = options.createSession(db);
  const reported: unknown[] = [];
  const reportedPaths: string[] = [];
  const schedules = createMemorySchedules();
  const scheduleSync = createScheduleSync({ db, schedules: schedules.schedules });
  const filesDir = join(dir, 'files');
  const kept = { db, contents: createDiskContents(filesDir), turns: createTurns() };
  const mounts = openMounts({ ...kept, dataDir: dir, log: (line) => reported.push(line) });
  const catalogOf = createCatalogs({
    ...kept,
    mounts,
    sessions: session.sessions,
    log: session.log,
    secrets: openSecrets({ dataDir: dir, vaultKey: undefined, vaultNextKey: undefined }),
    outbound: createOutbound({ allowPrivate: options.allowPrivate ?? true }),
    allowPrivate: options.allowPrivate ?? true,
    // Here nothing leaves the outbox.
    courier: { endpointsChanged: async () => {}, outboxFilled() {} },
    scheduleSync,
    // Nobody carries dreams out but a test that asks for their steps.
    startDream: async () => {},
    transcripts: mounts.transcripts,
    models: async () => MODELS,
    factsOf: publicFacts,
    hasPrice: (model) => model !== UNPRICED_MODEL,
    tunnelKey: TUNNEL_KEY,
    ...(options.now && { now: options.now }),
  });
  const access = createAccess({ db, ...(options.now && { now: options.now }) });
  const app = createHttpServer({
    catalogOf,
    access,
    enrollments: createEnrollments({ db, key: TUNNEL_KEY, ...(options.now && { now: options.now }) }),
    log: session.log,
    apiKeys: [API_KEY, SECOND_API_KEY],
    health: () => ({ status: 'ok', version: '0.0.0-test' }),
    report(error, { path }) {
      reported.push(error);
      reportedPaths.push(path);
    },
    onKeyCheckFailed: (error) => reported.push(error),
    ...(options.streams && { streams: options.streams }),
    ...(options.rateLimits && { rateLimits: options.rateLimits }),
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  // Listening on TCP, so not the path of a pipe.
  const { port } = app.server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  let stopped: Promise<void> | undefined;
  const stop = async () => {
    await app.close();
    await db.destroy();
    await dropDatabase(place);
    rmSync(dir, { recursive: true, force: true });
  };
  return {
    url,
    dir,
    place,
    filesDir,
    client: new Anthropic({ apiKey: API_KEY, baseURL: url, maxRetries: 0 }),
    db,
    mounts,
    catalog: catalogOf(DEFAULT_WORKSPACE),
    catalogOf,
    access,
    session,
    schedules,
    scheduleSync,
    routes: app.printRoutes({ commonPrefix: false }),
    reported,
    reportedPaths,
    stop: () => (stopped ??= stop()),
  };
}

/** A plain request with the key, for what the SDK would not send. */
export function rawFetch(server: Pick<TestServer, 'url'>, path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`${server.url}${path}`, {
    ...init,
    headers: { authorization: `Bearer ${API_KEY}`, ...Object.fromEntries(new Headers(init.headers)) },
  });
}
