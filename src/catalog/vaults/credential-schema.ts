import { isIPv4 } from 'node:net';
import type Anthropic from '@anthropic-ai/sdk';
import { z } from 'zod';
import { parseTimestamp } from '../clock.js';
import { hostSchema } from '../host.js';
import { metadataPatchSchema, metadataSchema } from '../metadata.js';
import { plainUrl } from './plain-url.js';

type OfHeader = 'betas' | 'workspace_id' | 'vault_id';
export type CredentialCreate = Omit<Anthropic.Beta.Vaults.CredentialCreateParams, OfHeader>;
export type CredentialUpdate = Omit<Anthropic.Beta.Vaults.CredentialUpdateParams, OfHeader>;

/** Unlike elsewhere no unknown field is named: a secret that was put in a key's place must not come back. */
function object<Shape extends z.ZodRawShape>(shape: Shape) {
  const known = Object.keys(shape).join(', ');
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? `has a field that is not one of: ${known}` : undefined),
  });
}

const fixed = z.never('cannot be changed after the credential is created').exactOptional();
const headerText = z
  .string()
  .min(1)
  .max(16_384, { abort: true })
  .regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without blanks: it is sent in a header');
const text = z
  .string()
  .min(1)
  .max(16_384)
  .refine((value) => !value.includes('\0'), 'must not contain NUL');
const optionalText = z.string().max(4_096).nullable().exactOptional();
const future = z
  .string()
  .max(64, { abort: true })
  .refine((value) => parseTimestamp(value) !== undefined, {
    error: 'must be a timestamp like 2026-01-31T12:00:00Z',
    abort: true,
  })
  .refine((value) => (parseTimestamp(value) ?? 0) > Date.now(), 'must be in the future')
  .nullable()
  .exactOptional();

const host = hostSchema.refine((value) => !/(^|\.)\d+$/.test(value) || isIPv4(value), 'is not an IPv4 address');
const networking = z.discriminatedUnion('type', [
  object({ type: z.literal('unrestricted') }),
  object({ type: z.literal('limited'), allowed_hosts: z.array(host).max(16) }),
]);
const injection_location = object({ body: z.boolean().exactOptional(), header: z.boolean().exactOptional() });

const authCreate = z.discriminatedUnion('type', [
  object({ type: z.literal('static_bearer'), mcp_server_url: plainUrl, token: headerText }),
  object({
    type: z.literal('mcp_oauth'),
    mcp_server_url: plainUrl,
    access_token: headerText,
    expires_at: future,
    refresh: object({
      client_id: z.string().min(1).max(2_048),
      refresh_token: text,
      token_endpoint: plainUrl,
      token_endpoint_auth: z.discriminatedUnion('type', [
        object({ type: z.literal('none') }),
        object({ type: z.literal('client_secret_basic'), client_secret: text }),
        object({ type: z.literal('client_secret_post'), client_secret: text }),
      ]),
      resource: optionalText,
      scope: optionalText,
    })
      .nullable()
      .exactOptional(),
  }),
  object({
    type: z.literal('environment_variable'),
    secret_name: z
      .string()
      .max(255, { abort: true })
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable: letters, digits and _'),
    secret_value: text,
    networking,
    injection_location: injection_location.exactOptional(),
  }),
]);

const newSecret = text.nullable().exactOptional();

const authUpdate = z.discriminatedUnion('type', [
  object({
    type: z.literal('static_bearer'),
    mcp_server_url: fixed,
    token: headerText.nullable().exactOptional(),
  }),
  object({
    type: z.literal('mcp_oauth'),
    mcp_server_url: fixed,
    access_token: headerText.nullable().exactOptional(),
    expires_at: future,
    refresh: object({
      client_id: fixed,
      token_endpoint: fixed,
      resource: fixed,
      refresh_token: newSecret,
      scope: optionalText,
      token_endpoint_auth: z
        .discriminatedUnion('type', [
          object({ type: z.literal('client_secret_basic'), client_secret: newSecret }),
          object({ type: z.literal('client_secret_post'), client_secret: newSecret }),
        ])
        .exactOptional(),
    })
      .nullable()
      .exactOptional(),
  }),
  object({
    type: z.literal('environment_variable'),
    secret_name: fixed,
    secret_value: newSecret,
    networking: networking.nullable().exactOptional(),
    injection_location: injection_location.exactOptional(),
  }),
]);

export const credentialCreateSchema = object({
  auth: authCreate,
  display_name: z.string().max(255).nullable().exactOptional(),
  metadata: metadataSchema.exactOptional(),
}) satisfies z.ZodType<CredentialCreate>;

export const credentialUpdateSchema = object({
  auth: authUpdate.exactOptional(),
  display_name: z.string().min(1).max(255).nullable().exactOptional(),
  metadata: metadataPatchSchema.nullable().exactOptional(),
}) satisfies z.ZodType<CredentialUpdate>;
