import type Anthropic from '@anthropic-ai/sdk';
import { z } from 'zod';

export type Multiagent = Anthropic.Beta.Sessions.BetaManagedAgentsMultiagent;
export type MultiagentParams = Anthropic.Beta.Sessions.BetaManagedAgentsMultiagentParams;
export type RosterEntry = Anthropic.Beta.Sessions.BetaManagedAgentsMultiagentRosterEntryParams;

const id = z.string().min(1).max(256);
const agent = z.strictObject({ type: z.literal('agent'), id, version: z.int().min(1).exactOptional() });
const self = z.strictObject({ type: z.literal('self') });
const advisor = z.strictObject({ type: z.literal('advisor'), model: id });

const coordinator = z.strictObject({
  type: z.literal('coordinator'),
  agents: z
    .array(z.union([id, z.discriminatedUnion('type', [agent, self, advisor])]))
    .min(1)
    .max(20),
});

const enabled = z.strictObject({ type: z.literal('enabled') });
const disabled = z.strictObject({ type: z.literal('disabled') });
/** What `subagents` and `workflows` have in common. */
const member = z
  .discriminatedUnion('type', [
    disabled,
    enabled.extend({
      inline_agents: z.discriminatedUnion('type', [enabled, disabled]).nullable().exactOptional(),
      predefined_agents: z
        .array(z.union([id, z.discriminatedUnion('type', [agent, self])]))
        .max(20)
        .nullable()
        .exactOptional(),
    }),
  ])
  .nullable()
  .exactOptional();

/** Both forms: `coordinator` and `multiagent_20261001`. */
export const multiagentSchema = z.discriminatedUnion('type', [
  coordinator,
  z.strictObject({
    type: z.literal('multiagent_20261001'),
    advisor: z
      .discriminatedUnion('type', [disabled, enabled.extend({ model: id })])
      .nullable()
      .exactOptional(),
    subagents: member,
    workflows: member,
  }),
]) satisfies z.ZodType<MultiagentParams>;

/** True when an agent with this setting works alone. */
export function isSingleThreaded(multiagent: Multiagent | null): boolean {
  if (multiagent === null) return true;
  if (multiagent.type === 'coordinator') return false;
  const { advisor, subagents, workflows } = multiagent;
  return [advisor, subagents, workflows].every((part) => part.type === 'disabled');
}
