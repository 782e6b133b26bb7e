import type Anthropic from '@anthropic-ai/sdk';
import { takeFile } from './file.js';
import { takeList, type Walk } from './walk.js';

type Session = Pick<Anthropic.Beta.Sessions.BetaManagedAgentsSession, 'id'>;

const PAGE = { limit: 1_000 };

/** Everything that belongs to a session. The bytes of its files only where nobody else takes them along. */
export async function takeSession(walk: Walk, { id }: Session, { withFiles }: { withFiles: boolean }): Promise<void> {
  const { files, sessions } = walk.client.beta;
  const at = `sessions/${id}`;
  await takeList(walk, `${at}/events.jsonl`, sessions.events.list(id, { ...PAGE, order: 'asc' }));
  await takeList(walk, `${at}/threads.jsonl`, sessions.threads.list(id, PAGE), (thread) =>
    takeList(
      walk,
      `${at}/threads/${thread.id}/events.jsonl`,
      sessions.threads.events.list(thread.id, { ...PAGE, session_id: id }),
    ),
  );
  await takeList(walk, `${at}/resources.jsonl`, sessions.resources.list(id, PAGE));
  await takeList(walk, `${at}/files.jsonl`, files.list({ ...PAGE, scope_id: id }), async (file) => {
    if (withFiles) await takeFile(walk, file);
  });
}
