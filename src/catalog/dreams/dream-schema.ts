import type Anthropic from '@anthropic-ai/sdk';
import { z } from 'zod';

type Create = Omit<Anthropic.Beta.DreamCreateParams, 'betas' | 'workspace_id'>;
export type DreamCreate = z.output<typeof dreamCreateSchema>;

const id = z.string().min(1).max(256);

const inputSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('memory_store'), memory_store_id: id }),
  z.strictObject({
    type: z.literal('sessions'),
    session_ids: z
      .array(id)
      .min(1)
      .max(100)
      .refine((ids) => new Set(ids).size === ids.length, 'names a session twice'),
  }),
]);

export const dreamCreateSchema = z.strictObject({
  inputs: z.array(inputSchema),
  model: z.union([id, z.strictObject({ id, speed: z.literal('standard').nullable().exactOptional() })]),
  instructions: z.string().min(1).max(4_096).nullable().exactOptional(),
  output_behavior: z
    .discriminatedUnion('type', [
      z.strictObject({ type: z.literal('create_new') }),
      z.strictObject({ type: z.literal('update_existing'), memory_store_id: id }),
    ])
    .exactOptional(),
}) satisfies z.ZodType<Create>;
