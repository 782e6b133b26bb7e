import type Anthropic from '@anthropic-ai/sdk';
import { newId } from '../../ids.js';
import type { Database } from '../../storage/database.js';
import type { FormPart } from '../files/file-form.js';
import { type KeptDeps, releaseContent } from '../files/kept.js';
import type { NounDeps } from '../noun.js';
import { type AgeCursor, type Page, toPage } from '../page.js';
import type { SkillRow } from './skill-tables.js';
import { keepArchive, versionOf } from './archive.js';
import { withSkillForm } from './skill-form.js';
import { readSkillRow, selectSkills, type Skill, type SkillQuery, toSkill } from './skill-store.js';

/** Skills. What they consist of is in their versions, of which each has at least one. */
export interface Skills {
  /** From a form with the files of its first version. A form that is refused leaves nothing. */
  create(parts: AsyncIterable<FormPart>): Promise<Skill>;
  retrieve(id: string): Promise<Skill>;
  /** Newest first. */
  list(query: SkillQuery): Promise<Page<Skill, AgeCursor>>;
  /** With all its versions. Sessions that were created with it keep what they have of it. */
  delete(id: string): Promise<Anthropic.Beta.BetaDeletedSkill>;
}

export type SkillsDeps = NounDeps & KeptDeps;

export function createSkills(deps: SkillsDeps): Skills {
  const { db, workspace } = deps;
  return {
    create: (parts) =>
      withSkillForm(deps, parts, { named: true }, async ({ bundle, display_name = bundle.name }) => {
        const version = versionOf(deps, bundle, newId('skill'));
        const skill: SkillRow = {
          id: version.skill_id,
          workspace,
          name: bundle.name,
          display_name,
          source: 'custom',
          latest_version_id: version.id,
          created_at: version.created_at,
          updated_at: version.created_at,
        };
        await keepArchive(deps, bundle, async (tx, archive) => {
          await tx.insertInto('skills').values(skill).execute();
          await tx
            .insertInto('skill_versions')
            .values({ ...version, ...archive })
            .execute();
        });
        return toSkill(skill);
      }),

    retrieve: async (id) => toSkill(await readSkillRow(db, workspace, id)),

    list: async (query) => toPage(await selectSkills(db, workspace, query).execute(), query.limit, toSkill),

    async delete(id) {
      const contents = await db.transaction().execute((tx) => deleteSkill(tx, workspace, id));
      for (const content of contents) await releaseContent(deps, content);
      return { id, type: 'skill_deleted' };
    },
  };
}

/** Gives the hashes that its versions had. */
async function deleteSkill(tx: Database, workspace: string, id: string): Promise<string[]> {
  await readSkillRow(tx, workspace, id);
  const versions = await tx.selectFrom('skill_versions').select('content').where('skill_id', '=', id).execute();
  await tx.deleteFrom('skill_versions').where('skill_id', '=', id).execute();
  await tx.deleteFrom('skills').where('id', '=', id).execute();
  return versions.map(({ content }) => content);
}
