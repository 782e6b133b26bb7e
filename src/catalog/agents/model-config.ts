import type Anthropic from '@anthropic-ai/sdk';
import { z } from 'zod';

export type ModelConfig = Anthropic.Beta.Agents.BetaManagedAgentsModelConfig;
type ModelParams = Anthropic.Beta.Agents.AgentCreateParams['model'];

const id = z.string().min(1).max(256);
const level = z.enum(['low', 'medium', 'high', 'xhigh', 'max']);

/** A model id, or an object with `effort`, `inference_geo` and `speed`. */
export const modelSchema = z.union([
  id,
  z.strictObject({
    id,
    effort: z
      .union([
        level,
        z.discriminatedUnion('type', [
          z.strictObject({ type: z.literal('low') }),
          z.strictObject({ type: z.literal('medium') }),
          z.strictObject({ type: z.literal('high') }),
          z.strictObject({ type: z.literal('xhigh') }),
          z.strictObject({ type: z.literal('max') }),
        ]),
      ])
      .nullable()
      .exactOptional(),
    inference_geo: z.enum(['us', 'global']).nullable().exactOptional(),
    speed: z.enum(['standard', 'fast']).nullable().exactOptional(),
  }),
]) satisfies z.ZodType<ModelParams>;

/**
 * The configuration as it is stored: effort in object form, defaults filled in. On an update the effort that is not sent
 * stays while the model's id does (endpoints §2).
 */
export function resolveModel(params: ModelParams, stored?: ModelConfig): ModelConfig {
  const given = typeof params === 'string' ? { id: params } : params;
  const kept = stored?.id === given.id ? stored.effort : undefined;
  return {
    id: given.id,
    effort: toEffort(given.effort) ?? kept ?? DEFAULT_EFFORT,
    speed: given.speed ?? 'standard',
    ...(given.inference_geo == null ? {} : { inference_geo: given.inference_geo }),
  };
}

type Effort = NonNullable<ModelConfig['effort']>;
const DEFAULT_EFFORT: Effort = { type: 'high' };

function toEffort(effort: Effort | Effort['type'] | null | undefined): Effort | undefined {
  if (effort == null) return undefined;
  return typeof effort === 'string' ? { type: effort } : effort;
}
