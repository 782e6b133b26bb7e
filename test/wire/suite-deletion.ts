import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { NotFoundError } from '@anthropic-ai/sdk';
import { WorkflowNotFoundError } from '@temporalio/client';
import { openTalk } from './session.js';
import { bash } from './suite-tools.js';
import type { GetWire } from './suite.js';

/** What deleting leaves. Gives what has to be looked at much later: Temporal takes half a minute to drop a history. */
export function describeDeletion(get: GetWire): { describeHistory: () => void } {
  let deleted: string | undefined;

  test('deleting tells who follows, and leaves nothing: no row, no blob, no workspace', async () => {
    const talk = await openTalk(get(), { tools: true, replies: [{ blocks: [bash('echo hi > file')] }] });
    await talk.turn('x'.repeat(20_000));
    const { client, dataDir } = get();
    expect(traces(dataDir, talk.id)).toEqual(['blobs', 'rows', 'sandbox']);
    await client.beta.sessions.delete(talk.id);
    await talk.stream.ended;
    expect(talk.stream.events.at(-1)?.type).toBe('session.deleted');
    expect(traces(dataDir, talk.id)).toEqual([]);
    await expect(client.beta.sessions.retrieve(talk.id)).rejects.toThrow(NotFoundError);
    await expect(talk.list()).rejects.toThrow(NotFoundError);
    await expect(talk.send('more')).rejects.toThrow(NotFoundError);
    await expect(client.beta.sessions.delete(talk.id)).rejects.toThrow(NotFoundError);
    deleted = talk.id;
  });

  const describeHistory = (): void => {
    test('a deleted session’s history is gone, too', async () => {
      const handle = get().temporal.workflow.getHandle(deleted ?? 'none was deleted');
      await expect(untilGone(() => handle.describe())).resolves.toBeInstanceOf(WorkflowNotFoundError);
    });
  };
  return { describeHistory };
}

/** Where something of a session is still kept. */
function traces(dataDir: string, id: string): string[] {
  const db = new DatabaseSync(join(dataDir, 'projection.db'), { readOnly: true });
  const rows = db.prepare('select count(*) as count from log where thread = ?').get(id);
  db.close();
  return [
    ...(hasFile(join(dataDir, 'blobs'), id) ? ['blobs'] : []),
    ...(Number(rows?.['count']) > 0 ? ['rows'] : []),
    ...(hasFile(join(dataDir, 'sandboxes'), id) ? ['sandbox'] : []),
  ];
}

function hasFile(folder: string, id: string): boolean {
  return existsSync(folder) && readdirSync(folder, { recursive: true }).some((path) => String(path).includes(id));
}

async function untilGone(look: () => Promise<unknown>): Promise<unknown> {
  for (let tries = 0; tries < 110; tries += 1) {
    const error = await look().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (error !== undefined) return error;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  return 'it is still there';
}
