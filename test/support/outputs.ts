import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { FileMetadata } from '../../src/catalog/files/files.js';
import { DEFAULT_WORKSPACE } from '../../src/catalog/workspace.js';
import type { TestServer } from './app.js';

type Server = Pick<TestServer, 'dir' | 'db' | 'mounts' | 'catalog'>;

/** Where a session's agent would write what it makes. */
function outputsOf({ dir }: Pick<TestServer, 'dir'>, sessionId: string): string {
  return join(dir, 'sandboxes', sessionId, 'session', 'outputs');
}

/** Writes a file as the agent of a session would, and has it taken in. The session need not have been made. */
export async function addOutput(
  server: Server,
  sessionId: string,
  path: string,
  content: string | Uint8Array,
): Promise<FileMetadata> {
  const file = join(outputsOf(server, sessionId), path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
  await insertSession(server, sessionId);
  await server.mounts.collect(sessionId);
  const { file_id } = await server.db
    .selectFrom('session_outputs')
    .select('file_id')
    .where('session_id', '=', sessionId)
    .where('path', '=', path)
    .executeTakeFirstOrThrow();
  return server.catalog.files.retrieve(file_id);
}

/** The row of a session, where there is none. */
export async function insertSession({ db }: Pick<Server, 'db'>, id: string): Promise<void> {
  const times = { created_at: 1, started_at: 1, archived_at: null, deleted_at: null };
  const refers = { agent_id: 'a', agent_version: 1, environment_id: 'e', deployment_id: null };
  const row = {
    id,
    workspace: DEFAULT_WORKSPACE,
    thread_id: `thread of ${id}`,
    ...refers,
    agent: '{}',
    self_hosted: 0,
    vault_ids: '[]',
    ...times,
  };
  await db
    .insertInto('sessions')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}
