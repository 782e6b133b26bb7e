import type Anthropic from '@anthropic-ai/sdk';
import { z } from 'zod';
import { metadataPatchSchema, metadataSchema } from '../metadata.js';

type OfHeader = 'betas' | 'workspace_id';
type VaultCreate = Omit<Anthropic.Beta.Vaults.VaultCreateParams, OfHeader>;
export type VaultUpdate = Omit<Anthropic.Beta.Vaults.VaultUpdateParams, OfHeader>;

const display_name = z.string().min(1).max(255);

export const vaultCreateSchema = z.strictObject({
  display_name,
  metadata: metadataSchema.exactOptional(),
}) satisfies z.ZodType<VaultCreate>;

export const vaultUpdateSchema = z.strictObject({
  display_name: display_name.nullable().exactOptional(),
  metadata: metadataPatchSchema.nullable().exactOptional(),
}) satisfies z.ZodType<VaultUpdate>;
