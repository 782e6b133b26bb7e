import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import type { Client } from '@temporalio/client';
import { startUpstream, type Upstream, type UpstreamRequest } from '../../bench/upstream.js';
import type { UpstreamReply } from '../../bench/upstream-reply.js';
import { startServer, type Server } from '../../src/bin/server.js';
import { readConfig } from '../../src/config/config.js';
import { readRecord } from '../../src/temporal/server/embedded-record.js';
import { connectClient } from '../../src/temporal/connection.js';

/** Drover as `drover serve` starts it, in this process: Temporal, SQLite, bubblewrap, and a model's API on loopback. */
export interface Wire {
  dataDir: string;
  /** Where its rows are, as `openDatabase` takes it: the directory, unless it was told otherwise. */
  place: string;
  server: Server;
  /** The official SDK, without retries. */
  client: Anthropic;
  temporal: Client;
  /** Replies for the model named by `model`, in order; when they are used up it says "hello". */
  script(model: string, ...replies: Scripted[]): void;
  /** Requests of one model, in order. */
  requestsOf(model: string): UpstreamRequest[];
  upstream: Upstream;
  /** What the server said on the way. */
  lines: string[];
  /** Ends the server and starts another on the same directory, after something was done to it. */
  restart(meanwhile?: () => void): Promise<void>;
  stop(): Promise<void>;
}

/** A reply, or one that depends on the request or takes its time. */
export type Scripted = UpstreamReply | ((request: UpstreamRequest) => UpstreamReply | Promise<UpstreamReply>);

export interface WireOptions {
  /** The context window of the models, in tokens: the upstream refuses what is longer. */
  window?: number;
  /** The upstream's requests that are kept; default all. */
  keep?: number;
}

export async function startWire(env: Record<string, string> = {}, options: WireOptions = {}): Promise<Wire> {
  const dataDir = mkdtempSync(join(tmpdir(), 'drover-wire-'));
  const scripts = new Map<string, Scripted[]>();
  const { window, keep } = options;
  const upstream = await startUpstream({
    apiKey: UPSTREAM_KEY,
    answer: (request) => answer(scripts, request),
    ...(window === undefined ? {} : { contextWindow: window }),
    ...(keep === undefined ? {} : { keep }),
  });
  if (window !== undefined) writeModels(dataDir, upstream, window);
  const lines: string[] = [];
  const open = (): Promise<Server> => {
    const own = window === undefined ? {} : { DROVER_MODEL: 'auto' };
    const config = readConfig({ ...envOf(dataDir, upstream), ...own, ...env });
    return startServer(config, { version: '0.0.0-test', log: (line) => void lines.push(line) });
  };
  const wire: Wire = {
    dataDir,
    place: env['DROVER_DATABASE_URL'] ?? dataDir,
    upstream,
    lines,
    ...(await connect(dataDir, await open())),
    script: (model, ...replies) => void scripts.set(model, [...(scripts.get(model) ?? []), ...replies]),
    requestsOf: (model) => upstream.requests.filter(({ body }) => body.model === model),
    async restart(meanwhile) {
      await wire.temporal.connection.close();
      await wire.server.stop();
      meanwhile?.();
      Object.assign(wire, await connect(dataDir, await open()));
    },
    async stop() {
      await wire.temporal.connection.close();
      await wire.server.stop();
      await upstream.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
  return wire;
}

const UPSTREAM_KEY = 'sk-upstream-1';

function envOf(dataDir: string, upstream: Upstream): Record<string, string> {
  return {
    DROVER_DATA: dataDir,
    DROVER_PORT: '0',
    DROVER_SANDBOX: 'bubblewrap',
    DROVER_MODEL: 'anthropic',
    ANTHROPIC_API_KEY: UPSTREAM_KEY,
    DROVER_UPSTREAM_URL: upstream.url,
  };
}

/** The file that the server finds in its data directory. */
function writeModels(dataDir: string, upstream: Upstream, context_window: number): void {
  const own = { type: 'anthropic', base_url: upstream.url, api_key_env: 'ANTHROPIC_API_KEY' };
  const models = { '*': { backend: 'own', context_window } };
  writeFileSync(join(dataDir, 'models.json'), JSON.stringify({ backends: { own }, models }));
}

async function connect(dataDir: string, server: Server): Promise<Pick<Wire, 'server' | 'client' | 'temporal'>> {
  const port = readRecord(dataDir)?.port;
  return {
    server,
    client: new Anthropic({ apiKey: server.key.value, baseURL: server.url, maxRetries: 0 }),
    temporal: await connectClient(`127.0.0.1:${port}`, 'default'),
  };
}

async function answer(scripts: Map<string, Scripted[]>, request: UpstreamRequest): Promise<UpstreamReply> {
  const next = scripts.get(request.body.model)?.shift() ?? {};
  return typeof next === 'function' ? next(request) : next;
}
