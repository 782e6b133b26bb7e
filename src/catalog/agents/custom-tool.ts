import type Anthropic from '@anthropic-ai/sdk';
import { z } from 'zod';
import { AGENT_TOOL_NAMES } from './agent-toolset.js';

type CustomToolParams = Anthropic.Beta.Agents.BetaManagedAgentsCustomToolParams;

const BUILT_IN: ReadonlySet<string> = new Set(AGENT_TOOL_NAMES);
const REFERENCES = new Set(['$ref', '$dynamicRef', '$recursiveRef']);
const CHOICES = ['oneOf', 'anyOf', 'allOf'];

const inputSchema = z
  .looseObject({
    type: z.literal('object'),
    properties: z
      .record(z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, 'must be 1-64 letters, digits, "_", "." or "-"'), z.unknown())
      .nullable()
      .exactOptional(),
    required: z.array(z.string()).nullable().exactOptional(),
  })
  .refine((schema) => !CHOICES.some((key) => key in schema), 'may not use oneOf, anyOf or allOf at its root')
  .refine((schema) => !refers(schema), 'may not use $ref');

/** A tool that the client carries out (behaviours §5). */
export const customToolSchema = z.strictObject({
  type: z.literal('custom'),
  name: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,128}$/, 'must be 1-128 letters, digits, "_" or "-"')
    .refine((name) => !BUILT_IN.has(name), 'is the name of a built-in tool')
    .refine((name) => !name.startsWith('mcp__'), 'may not start with "mcp__"'),
  description: z.string().min(1),
  input_schema: inputSchema,
}) satisfies z.ZodType<CustomToolParams>;

/** Depth is bounded by the limit on request bodies. */
function refers(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([key, inner]) => REFERENCES.has(key) || refers(inner));
}
