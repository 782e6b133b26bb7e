import type Anthropic from '@anthropic-ai/sdk';
import { z } from 'zod';
import { metadataPatchSchema, metadataSchema } from '../metadata.js';
import { faultOfPath } from './memory-path.js';

type OfHeader = 'betas' | 'workspace_id';
type StoreCreate = Omit<Anthropic.Beta.MemoryStores.MemoryStoreCreateParams, OfHeader>;
export type StoreUpdate = Omit<Anthropic.Beta.MemoryStores.MemoryStoreUpdateParams, OfHeader>;
type MemoryCreate = Omit<Anthropic.Beta.MemoryStores.MemoryCreateParams, OfHeader | 'view'>;
type MemoryUpdate = Omit<Anthropic.Beta.MemoryStores.MemoryUpdateParams, OfHeader | 'view' | 'memory_store_id'>;

/** Bytes of UTF-8 that a memory holds at most. */
export const MAX_CONTENT_BYTES = 102_400;

const name = z
  .string()
  .min(1)
  .max(255)
  .refine((text) => !/\p{Cc}/u.test(text), 'must have no control characters');
const description = z.string().max(1_024);
const content = z
  .string()
  .refine((text) => Buffer.byteLength(text) <= MAX_CONTENT_BYTES, 'must have at most 102,400 bytes of UTF-8')
  .refine((text) => text.isWellFormed(), 'has half a surrogate pair, which is no UTF-8');
const path = z.string().superRefine((text, context) => {
  const fault = faultOfPath(text);
  if (fault !== undefined) context.addIssue(fault);
});

/** 64 lowercase hexadecimal characters. */
export const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lowercase hexadecimal characters');

export const storeCreateSchema = z.strictObject({
  name,
  description: description.exactOptional(),
  metadata: metadataSchema.exactOptional(),
}) satisfies z.ZodType<StoreCreate>;

export const storeUpdateSchema = z.strictObject({
  name: name.nullable().exactOptional(),
  description: description.nullable().exactOptional(),
  metadata: metadataPatchSchema.nullable().exactOptional(),
}) satisfies z.ZodType<StoreUpdate>;

// Null is no content: an empty memory is made with "".
export const memoryCreateSchema = z.strictObject({ path, content }) satisfies z.ZodType<MemoryCreate>;

export const memoryUpdateSchema = z.strictObject({
  path: path.nullable().exactOptional(),
  content: content.nullable().exactOptional(),
  precondition: z.strictObject({ type: z.literal('content_sha256'), content_sha256: sha256Schema }).exactOptional(),
}) satisfies z.ZodType<MemoryUpdate>;
