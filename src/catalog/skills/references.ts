import type Anthropic from '@anthropic-ai/sdk';
import type { Database } from '../../storage/database.js';
import { invalid } from '../validate.js';
import { findVersionRow, type NamedVersionRow } from './skill-store.js';

/** Skills as an agent has them: each by its id, in a version or in the `latest`. */
export type SkillReferences = Anthropic.Beta.Agents.BetaManagedAgentsAgent['skills'];
type SkillReference = SkillReferences[number];

/** Refuses an agent's skills of which one is not there. */
export async function checkSkills(db: Database, workspace: string, skills: SkillReferences): Promise<void> {
  for (const [index, skill] of skills.entries()) await findSkill(db, workspace, skill, `skills.${index}`);
}

/** What a reference names, as it is now; refused when it names nothing. `at` is where it stands in the request. */
export async function findSkill(
  db: Database,
  workspace: string,
  { type, skill_id, version }: SkillReference,
  at: string,
): Promise<NamedVersionRow> {
  const found = await findVersionRow(db, workspace, { skill_id, version });
  if (found?.source === type) return found;
  const latest = await findVersionRow(db, workspace, { skill_id, version: 'latest' });
  if (latest?.source === type) throw notFound(`${at}.version`, `skill ${skill_id} has no version ${version}`);
  throw notFound(`${at}.skill_id`, `there is no ${type} skill ${skill_id}`);
}

function notFound(path: string, message: string) {
  return invalid(path, message, 'skill_not_found');
}
