import type { Readable } from 'node:stream';
import type Anthropic from '@anthropic-ai/sdk';
import { ApiError } from '../../api-error.js';
import type { Database } from '../../storage/database.js';
import type { FormPart } from '../files/file-form.js';
import { releaseContent } from '../files/kept.js';
import { type AgeCursor, type AgeQuery, type Page, toPage } from '../page.js';
import { invalid } from '../validate.js';
import { keepArchive, versionOf } from './archive.js';
import { withSkillForm } from './skill-form.js';
import {
  type NamedVersionRow,
  readSkillRow,
  readVersionRow,
  selectVersions,
  type SkillVersion,
  toSkillVersion,
  type VersionKey,
} from './skill-store.js';
import type { SkillsDeps } from './skills.js';

/**
 * The versions of skills, each a row and a zip archive that is kept by its hash, as files are.
 * 1. All versions of a skill have its name.
 * 2. What a row names is there: an archive is kept before the row is written, and removed after the last row that names it.
 */
export interface SkillVersions {
  /** From a form with its files, which is opened when there is such a skill. It is the latest from then on. */
  create(skillId: string, open: () => AsyncIterable<FormPart>): Promise<SkillVersion>;
  retrieve(key: VersionKey): Promise<SkillVersion>;
  /** Newest first. */
  list(skillId: string, query: AgeQuery): Promise<Page<SkillVersion, AgeCursor>>;
  /** Refused for the only one. Needs an id: `latest` would be another one when it is asked for again. */
  delete(key: VersionKey): Promise<Anthropic.Beta.Skills.BetaDeletedSkillVersion>;
  /** A zip archive with one directory, of the skill's name. */
  download(key: VersionKey): Promise<{ version: NamedVersionRow; bytes: Readable }>;
}

export function createSkillVersions(deps: SkillsDeps): SkillVersions {
  const { db, workspace, contents, turns } = deps;
  return {
    async create(skillId, open) {
      await readSkillRow(db, workspace, skillId);
      return withSkillForm(deps, open(), { named: false }, async ({ bundle }) => {
        const version = versionOf(deps, bundle, skillId);
        await keepArchive(deps, bundle, async (tx, archive) => {
          const { name } = await readSkillRow(tx, workspace, skillId);
          if (name !== bundle.name)
            throw invalid('files', `SKILL.md name: must stay "${name}" in all versions of the skill`);
          await tx
            .insertInto('skill_versions')
            .values({ ...version, ...archive })
            .execute();
          await setLatest(tx, skillId, version.id, version.created_at);
        });
        return toSkillVersion({ ...version, name: bundle.name });
      });
    },

    retrieve: async (key) => toSkillVersion(await readVersionRow(db, workspace, key)),

    async list(skillId, query) {
      const { name } = await readSkillRow(db, workspace, skillId);
      const rows = await selectVersions(db, skillId, query).execute();
      return toPage(rows, query.limit, (row) => toSkillVersion({ ...row, name }));
    },

    async delete(key) {
      const { id, content } = await db.transaction().execute((tx) => deleteVersion(tx, workspace, key, deps.clock()));
      await releaseContent(deps, content);
      return { id, type: 'skill_version_deleted' };
    },

    async download(key) {
      const { id, content } = await readVersionRow(db, workspace, key);
      return turns.take(content, async () => {
        // It may have been deleted while others had their turn.
        const version = await readVersionRow(db, workspace, { ...key, version: id });
        return { version, bytes: await contents.read(content) };
      });
    },
  };
}

async function deleteVersion(tx: Database, workspace: string, key: VersionKey, now: number): Promise<NamedVersionRow> {
  if (key.version === 'latest')
    throw new ApiError('not_found_error', 'A version is deleted by its id, not as "latest".');
  const version = await readVersionRow(tx, workspace, key);
  await tx.deleteFrom('skill_versions').where('id', '=', version.id).execute();
  const newest = await selectVersions(tx, version.skill_id, { limit: 1 }).executeTakeFirst();
  if (!newest) throw invalid('version', 'is the only one of its skill; delete the skill to delete it');
  await setLatest(tx, version.skill_id, newest.id, now);
  return version;
}

async function setLatest(tx: Database, id: string, latest_version_id: string, updated_at: number): Promise<void> {
  await tx.updateTable('skills').set({ latest_version_id, updated_at }).where('id', '=', id).execute();
}
