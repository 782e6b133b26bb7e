import type Anthropic from '@anthropic-ai/sdk';
import { ApiError } from '../../api-error.js';
import type { Database } from '../../storage/database.js';
import { toTimestamp } from '../clock.js';
import { type AgeQuery, newestFirst } from '../page.js';
import type { SkillRow, SkillVersionRow } from './skill-tables.js';

export type Skill = Anthropic.Beta.BetaSkill;
export type SkillVersion = Anthropic.Beta.Skills.BetaSkillVersion;
/** The sources that lists can be filtered by, which are all there are here. */
export const SKILL_SOURCES = ['custom', 'anthropic'] as const;

export interface SkillQuery extends AgeQuery {
  source?: SkillRow['source'];
}

/** A version with what it has of its skill. */
export type NamedVersionRow = SkillVersionRow & Pick<SkillRow, 'name' | 'source'>;

/** One skill; `not_found_error` when there is none. Takes part in a transaction when given one. */
export async function readSkillRow(db: Database, workspace: string, id: string): Promise<SkillRow> {
  const row = await db
    .selectFrom('skills')
    .selectAll()
    .where('id', '=', id)
    .where('workspace', '=', workspace)
    .executeTakeFirst();
  if (!row) throw new ApiError('not_found_error', `There is no skill ${id}.`);
  return row;
}

export interface VersionKey {
  skill_id: string;
  /** An id, or `latest`. */
  version: string;
}

/** One version; `not_found_error` when there is none. */
export async function readVersionRow(db: Database, workspace: string, key: VersionKey): Promise<NamedVersionRow> {
  const row = await findVersionRow(db, workspace, key);
  if (!row) throw new ApiError('not_found_error', `There is no version ${key.version} of a skill ${key.skill_id}.`);
  return row;
}

/** The same, without the error. */
export function findVersionRow(
  db: Database,
  workspace: string,
  { skill_id, version }: VersionKey,
): Promise<NamedVersionRow | undefined> {
  const ofSkill = db
    .selectFrom('skill_versions')
    .innerJoin('skills', 'skills.id', 'skill_versions.skill_id')
    .where('skills.id', '=', skill_id)
    .where('skills.workspace', '=', workspace);
  const one =
    version === 'latest'
      ? ofSkill.whereRef('skill_versions.id', '=', 'skills.latest_version_id')
      : ofSkill.where('skill_versions.id', '=', version);
  return one.selectAll('skill_versions').select(['skills.name', 'skills.source']).executeTakeFirst();
}

/** Newest first; one row more than asked for. */
export function selectSkills(db: Database, workspace: string, { source, ...query }: SkillQuery) {
  const skills = db.selectFrom('skills').selectAll().where('workspace', '=', workspace);
  return (source === undefined ? skills : skills.where('source', '=', source)).$call(newestFirst(query));
}

/** A skill's versions, newest first; one row more than asked for. */
export function selectVersions(db: Database, skillId: string, query: AgeQuery) {
  return db.selectFrom('skill_versions').selectAll().where('skill_id', '=', skillId).$call(newestFirst(query));
}

export function toSkill({ id, display_name, source, latest_version_id, created_at, updated_at }: SkillRow): Skill {
  return {
    type: 'skill',
    id,
    display_name,
    source: { type: source },
    latest_version_id,
    created_at: toTimestamp(created_at),
    updated_at: toTimestamp(updated_at),
  };
}

export function toSkillVersion(row: Omit<NamedVersionRow, 'content' | 'size_bytes' | 'source'>): SkillVersion {
  const { id, skill_id, name, description, created_at } = row;
  return { type: 'skill_version', id, skill_id, name, description, created_at: toTimestamp(created_at) };
}
