import type Anthropic from '@anthropic-ai/sdk';
import { z } from 'zod';

type Skills = Anthropic.Beta.Agents.BetaManagedAgentsAgent['skills'];
type SkillParams = Anthropic.Beta.Agents.BetaManagedAgentsSkillParams;

const reference = {
  skill_id: z.string().min(1).max(255),
  version: z.string().min(1).max(255).nullable().exactOptional(),
};

export const skillsSchema = z
  .array(
    z.discriminatedUnion('type', [
      z.strictObject({ type: z.literal('anthropic'), ...reference }),
      z.strictObject({ type: z.literal('custom'), ...reference }),
    ]),
  )
  .max(500)
  .refine(
    (list) => new Set(list.map((s) => s.skill_id)).size === list.length,
    'names a skill twice',
  ) satisfies z.ZodType<SkillParams[]>;

/** The version that responses show is `latest` where none was pinned. */
export function resolveSkills(params: SkillParams[]): Skills {
  return params.map(({ type, skill_id, version }) => ({ type, skill_id, version: version ?? 'latest' }));
}
