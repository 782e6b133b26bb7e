import type Anthropic from '@anthropic-ai/sdk';
import { z } from 'zod';
import { toolsSchema } from './agent-tools.js';
import { mcpServersSchema } from './mcp.js';
import { metadataPatchSchema, metadataSchema } from '../metadata.js';
import { modelSchema } from './model-config.js';
import { multiagentSchema } from './multiagent.js';
import { skillsSchema } from './skills.js';

type OfHeader = 'betas' | 'workspace_id';
export type AgentCreate = Omit<Anthropic.Beta.Agents.AgentCreateParams, OfHeader>;
export type AgentUpdate = Omit<Anthropic.Beta.Agents.AgentUpdateParams, OfHeader>;
type ExecutionIdentityParams = Anthropic.Beta.Agents.BetaManagedAgentsExecutionIdentityParams;

const name = z.string().min(1).max(256);
const description = z.string().max(2048).nullable().exactOptional();
export const systemSchema = z.string().max(100_000).nullable();

const executionIdentity = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('service_account') }),
  z.strictObject({ type: z.literal('aws_role'), role_arn: z.string().min(1).max(2048) }),
]) satisfies z.ZodType<ExecutionIdentityParams>;

export const agentCreateSchema = z.strictObject({
  name,
  model: modelSchema,
  description,
  system: systemSchema.exactOptional(),
  tools: toolsSchema.exactOptional(),
  mcp_servers: mcpServersSchema.exactOptional(),
  skills: skillsSchema.exactOptional(),
  multiagent: multiagentSchema.nullable().exactOptional(),
  execution_identity: executionIdentity.nullable().exactOptional(),
  metadata: metadataSchema.exactOptional(),
}) satisfies z.ZodType<AgentCreate>;

export const agentUpdateSchema = z.strictObject({
  version: z.int().min(1).exactOptional(),
  name: name.exactOptional(),
  model: modelSchema.exactOptional(),
  description,
  system: systemSchema.exactOptional(),
  tools: toolsSchema.nullable().exactOptional(),
  mcp_servers: mcpServersSchema.nullable().exactOptional(),
  skills: skillsSchema.nullable().exactOptional(),
  multiagent: multiagentSchema.nullable().exactOptional(),
  execution_identity: executionIdentity.nullable().exactOptional(),
  metadata: metadataPatchSchema.nullable().exactOptional(),
}) satisfies z.ZodType<AgentUpdate>;
