import type { Database } from '../../storage/database.js';
import { type KeptDeps, releaseContent } from '../files/kept.js';
import type { SessionRow } from '../sessions/session-tables.js';
import type { SessionSkillRow } from './skill-tables.js';
import { invalid } from '../validate.js';
import { findSkill, type SkillReferences } from './references.js';

/** What a session keeps of a skill: neither a new version nor a deletion changes a session that is there. */
export type SessionSkill = Pick<SessionSkillRow, 'directory' | 'name' | 'description' | 'content'> &
  Pick<SessionRow, 'self_hosted'>;

/** The skills of a session's agent with the versions that they have now; refused when one is not there. */
export async function pinSkills(db: Database, workspace: string, skills: SkillReferences): Promise<SkillReferences> {
  const pinned: SkillReferences = [];
  for (const [index, skill] of skills.entries()) {
    const { id } = await findSkill(db, workspace, skill, `agent.skills.${index}`);
    pinned.push({ ...skill, version: id });
  }
  return pinned;
}

/** Writes down what a session that is being created keeps. Takes part in the transaction that makes the session. */
export async function keepSkills(
  tx: Database,
  { session_id, workspace }: { session_id: string; workspace: string },
  skills: SkillReferences,
): Promise<void> {
  const taken = new Map<string, number>();
  for (const [position, skill] of skills.entries()) {
    const { id, name, description, content } = await findSkill(tx, workspace, skill, `agent.skills.${position}`);
    await holdVersion(tx, id, `agent.skills.${position}`);
    const count = (taken.get(name) ?? 0) + 1;
    taken.set(name, count);
    // No skill's name has a dot in it.
    const directory = count === 1 ? name : `${name}.${count}`;
    const which = { session_id, position, skill_id: skill.skill_id, version_id: id };
    const row: SessionSkillRow = { ...which, directory, name, description, content };
    await tx.insertInto('session_skills').values(row).execute();
  }
}

/** A session's skills in its agent's order. */
export function readSessionSkills(db: Database, sessionId: string): Promise<SessionSkill[]> {
  return db
    .selectFrom('session_skills')
    .innerJoin('sessions', 'sessions.id', 'session_skills.session_id')
    .select(['directory', 'name', 'description', 'content', 'self_hosted'])
    .where('session_id', '=', sessionId)
    .orderBy('position')
    .execute();
}

/** Removes what a session keeps, and the bytes that nothing names any more. Idempotent. */
export async function dropSkills(deps: KeptDeps, sessionId: string): Promise<void> {
  const ofSession = deps.db.selectFrom('session_skills').where('session_id', '=', sessionId);
  const kept = await ofSession.select('content').execute();
  await deps.db.deleteFrom('session_skills').where('session_id', '=', sessionId).execute();
  for (const { content } of kept) await releaseContent(deps, content);
}

/** A version that is being deleted at the same time is refused, or deleted when the session already names its bytes. */
async function holdVersion(tx: Database, id: string, at: string): Promise<void> {
  const held = await tx
    .updateTable('skill_versions')
    .set((eb) => ({ content: eb.ref('content') }))
    .where('id', '=', id)
    .executeTakeFirst();
  if (held.numUpdatedRows === 0n) throw invalid(`${at}.version`, `version ${id} is being deleted`, 'skill_not_found');
}
