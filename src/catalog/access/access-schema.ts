import { z } from 'zod';
import { storedText } from '../stored-text.js';
import { SCOPES } from './principal.js';

const name = storedText(z.string().min(1).max(255));
const id = storedText(z.string().min(1).max(255));

export const workspaceCreateSchema = z.strictObject({ name });

export const apiKeyCreateSchema = z.strictObject({
  name,
  /** The caller's own when absent. */
  workspace_id: id.exactOptional(),
  scopes: z
    .array(z.enum(SCOPES))
    .min(1)
    .refine((scopes) => new Set(scopes).size === scopes.length, 'names a scope twice')
    .exactOptional(),
});

export const environmentKeyCreateSchema = z.strictObject({ name, environment_id: id });
