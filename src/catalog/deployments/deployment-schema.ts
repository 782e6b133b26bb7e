import type Anthropic from '@anthropic-ai/sdk';
import { z } from 'zod';
import { parseCron } from '../../schedule/cron.js';
import { occurrences } from '../../schedule/occurrences.js';
import { isTimeZone } from '../../schedule/time-zone.js';
import { metadataPatchSchema, metadataSchema } from '../metadata.js';
import { deploymentEventsSchema } from '../sessions/event-schema.js';
import { sessionCreateSchema } from '../sessions/session-schema.js';

type OfHeader = 'betas' | 'workspace_id';
type Create = Omit<Anthropic.Beta.Deployments.DeploymentCreateParams, OfHeader>;
type Update = Omit<Anthropic.Beta.Deployments.DeploymentUpdateParams, OfHeader>;
export type ScheduleParams = Anthropic.Beta.Deployments.BetaManagedAgentsCronScheduleParams;

const session = sessionCreateSchema.shape;
const id = z.string().min(1).max(255);
const name = z.string().min(1).max(256);
const description = z.string().max(2048).nullable().exactOptional();
const resources = session.resources.unwrap().max(500);
const vault_ids = session.vault_ids.unwrap();
const budget = session.budget.unwrap().nullable().exactOptional();
/** Without overrides, which a deployment cannot have. */
const agent = z.union([id, z.strictObject({ type: z.literal('agent'), id, version: z.int().min(1).exactOptional() })]);

const schedule = z
  .strictObject({
    type: z.literal('cron'),
    expression: z.string().min(1).max(256),
    timezone: z
      .string()
      .min(1)
      .max(100)
      .refine(isTimeZone, 'must be the name of an IANA time zone, like "Europe/Berlin"'),
  })
  .superRefine(({ expression, timezone }, context) => {
    const cron = parseCron(expression);
    const problem = typeof cron === 'string' ? cron : isTimeZone(timezone) && neverComes(cron, timezone);
    if (problem) context.addIssue({ code: 'custom', path: ['expression'], message: problem });
  })
  .nullable()
  .exactOptional();

export const deploymentCreateSchema = z.strictObject({
  name,
  agent,
  environment_id: id,
  initial_events: deploymentEventsSchema,
  description,
  metadata: metadataSchema.exactOptional(),
  resources: resources.exactOptional(),
  vault_ids: vault_ids.exactOptional(),
  budget,
  schedule,
}) satisfies z.ZodType<Create>;

export const deploymentUpdateSchema = z.strictObject({
  name: name.exactOptional(),
  agent: agent.exactOptional(),
  environment_id: id.exactOptional(),
  initial_events: deploymentEventsSchema.exactOptional(),
  description,
  metadata: metadataPatchSchema.nullable().exactOptional(),
  resources: resources.nullable().exactOptional(),
  vault_ids: vault_ids.nullable().exactOptional(),
  budget,
  schedule,
}) satisfies z.ZodType<Update>;

export type DeploymentCreate = z.infer<typeof deploymentCreateSchema>;
export type DeploymentUpdate = z.infer<typeof deploymentUpdateSchema>;

function neverComes(cron: Exclude<ReturnType<typeof parseCron>, string>, timezone: string): string | undefined {
  return occurrences(cron, timezone, Date.now(), 1).length === 0 ? 'names no time that ever comes' : undefined;
}
