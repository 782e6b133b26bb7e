import { z } from 'zod';
import { invalid } from './validate.js';

export type Metadata = Record<string, string>;
export type MetadataPatch = Record<string, string | null>;

const MAX_PAIRS = 16;
const key = z.string().min(1).max(64);
const value = z.string().max(512);

/** At most 16 pairs, keys up to 64 characters, values up to 512. */
export const metadataSchema = pairs(value);

/** The same, of values that are not empty. */
export const filledMetadataSchema = pairs(value.min(1));

export const metadataPatchSchema = z.record(key, value.nullable());

/** Of nouns whose pairs are deleted by "" only. */
export const metadataTextPatchSchema = z.record(key, value);

function pairs(text: z.ZodString) {
  return z
    .record(key, text)
    .refine((metadata) => Object.keys(metadata).length <= MAX_PAIRS, `has more than ${MAX_PAIRS} pairs`);
}

/** The stored pairs with a patch merged in by key; null deletes one, and where asked "" does too. */
export function mergeMetadata(
  stored: Metadata,
  patch: MetadataPatch | null | undefined,
  options: { emptyDeletes?: boolean; code?: string } = {},
): Metadata {
  const merged = new Map(Object.entries(stored));
  for (const [name, text] of Object.entries(patch ?? {})) {
    const deletes = text === null || (text === '' && options.emptyDeletes === true);
    if (deletes) merged.delete(name);
    else merged.set(name, text);
  }
  if (merged.size > MAX_PAIRS) throw invalid('metadata', `has more than ${MAX_PAIRS} pairs`, options.code);
  return Object.fromEntries(merged);
}
