import type Anthropic from '@anthropic-ai/sdk';
import { z } from 'zod';
import { systemSchema } from '../agents/agent-schema.js';
import { toolsSchema } from '../agents/agent-tools.js';
import { budgetSchema } from './budget.js';
import { initialEventsSchema } from './event-schema.js';
import { mcpServersSchema } from '../agents/mcp.js';
import { metadataPatchSchema, metadataSchema } from '../metadata.js';
import { modelSchema } from '../agents/model-config.js';
import { resourcesSchema } from '../resources/resource-schema.js';
import { skillsSchema } from '../agents/skills.js';

type OfHeader = 'betas' | 'workspace_id';
type Create = Omit<Anthropic.Beta.Sessions.SessionCreateParams, OfHeader>;
type Update = Omit<Anthropic.Beta.Sessions.SessionUpdateParams, OfHeader>;
type OverridesParams = Anthropic.Beta.Sessions.BetaManagedAgentsAgentWithOverridesParams;
/** The overrides may be cleared with null, which the SDK's types do not say of all of them. */
type Nullable<Params, Keys extends keyof Params> = Omit<Params, Keys> & { [Key in Keys]?: Params[Key] | null };

export type AgentOverrides = Nullable<OverridesParams, 'model' | 'tools' | 'mcp_servers' | 'skills'>;
export type AgentSelection = Exclude<Create['agent'], OverridesParams> | AgentOverrides;

const id = z.string().min(1).max(255);
const version = z.int().min(1).exactOptional();
const title = z.string().max(1000).nullable().exactOptional();

const agentSchema = z.union([
  id,
  z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('agent'), id, version }),
    z.strictObject({
      type: z.literal('agent_with_overrides'),
      id,
      version,
      model: modelSchema.nullable().exactOptional(),
      system: systemSchema.exactOptional(),
      tools: toolsSchema.nullable().exactOptional(),
      mcp_servers: mcpServersSchema.nullable().exactOptional(),
      skills: skillsSchema.nullable().exactOptional(),
    }),
  ]),
]) satisfies z.ZodType<AgentSelection>;

export const sessionCreateSchema = z.strictObject({
  agent: agentSchema,
  environment_id: id,
  title,
  metadata: metadataSchema.exactOptional(),
  initial_events: initialEventsSchema.exactOptional(),
  vault_ids: z.array(id).max(50).exactOptional(),
  resources: resourcesSchema.exactOptional(),
  budget: budgetSchema.exactOptional(),
}) satisfies z.ZodType<Omit<Create, 'agent'> & { agent: AgentSelection }>;

export const sessionUpdateSchema = z.strictObject({
  title,
  metadata: metadataPatchSchema.nullable().exactOptional(),
  agent: z
    .strictObject({ tools: toolsSchema.exactOptional(), mcp_servers: mcpServersSchema.exactOptional() })
    .exactOptional(),
  vault_ids: z.array(id).exactOptional(),
  budget: budgetSchema.nullable().exactOptional(),
}) satisfies z.ZodType<Update>;
