import { readFile } from 'node:fs/promises';
import type { Anthropic } from '@anthropic-ai/sdk';
import { startTestServer, type TestServer } from './app.js';
import { storedFiles } from './stored-files.js';

type CreateParams = Anthropic.Beta.Sessions.SessionCreateParams;
export type ResourceParams = NonNullable<CreateParams['resources']>[number];

export const REPOSITORY = { type: 'github_repository', url: 'https://github.com/octo/cat' } as const;

/** A server with an agent and an environment, and what tests of resources do again and again. */
export interface ResourceBench {
  server: TestServer;
  client: Anthropic['beta'];
  create(
    resources: ResourceParams[],
    more?: Partial<CreateParams>,
  ): Promise<Anthropic.Beta.Sessions.BetaManagedAgentsSession>;
  /** A text file; gives its id. */
  upload(name: string, content?: string, expires_in_seconds?: number): Promise<string>;
  /** What a sandbox of the session would find below its uploads, and where that is here. */
  shown(sessionId: string): Promise<{ from: string; files: Record<string, string> }>;
}

export async function startResourceBench(now: () => number = Date.now): Promise<ResourceBench> {
  const server = await startTestServer({ now });
  const client = server.client.beta;
  const agent = (await client.agents.create({ name: 'a', model: 'm' })).id;
  const environment_id = (await client.environments.create({ name: 'e' })).id;
  return {
    server,
    client,
    create: (resources, more = {}) => client.sessions.create({ agent, environment_id, resources, ...more }),
    async upload(name, content = name, expires_in_seconds) {
      const file = new File([content], name, { type: 'text/plain' });
      return (await client.files.upload({ file, ...(expires_in_seconds !== undefined && { expires_in_seconds }) })).id;
    },
    async shown(sessionId) {
      const mounts = await server.mounts.prepare(sessionId);
      const uploads = mounts.find(({ at }) => at === '/mnt/session/uploads');
      expect(uploads).toMatchObject({ access: 'read_only' });
      const from = uploads?.from ?? '';
      const named = (await storedFiles(from)).map(async (file) => [
        file.slice(from.length + 1),
        await readFile(file, 'utf8'),
      ]);
      return { from, files: Object.fromEntries(await Promise.all(named)) };
    },
  };
}

/** What a request was refused with. */
export async function refusal(request: Promise<unknown>): Promise<unknown> {
  return request.then(
    () => 'no refusal',
    (error: unknown) => error,
  );
}
