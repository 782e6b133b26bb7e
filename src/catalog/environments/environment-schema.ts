import type Anthropic from '@anthropic-ai/sdk';
import { z } from 'zod';
import { hostSchema } from '../host.js';
import { metadataPatchSchema, metadataSchema } from '../metadata.js';

type OfHeader = 'betas' | 'workspace_id';
export type EnvironmentCreate = Omit<Anthropic.Beta.Environments.EnvironmentCreateParams, OfHeader>;
export type EnvironmentUpdate = Omit<Anthropic.Beta.Environments.EnvironmentUpdateParams, OfHeader>;

const name = z.string().min(1).max(256);
const description = z.string().max(2048).nullable().exactOptional();
const scope = z
  .enum(['organization', 'account'])
  .refine((value) => value !== 'account', '"account" is not available here, only "organization"')
  .nullable()
  .exactOptional();

const flag = z.boolean().nullable().exactOptional();
/** A list goes to a package manager's command line, so an entry may not look like one of its options. */
const packageList = z
  .array(
    z
      .string()
      .min(1)
      .max(256)
      .regex(/^[^\s-]\S*$/, 'must be a package name without blanks'),
  )
  .max(500)
  .nullable()
  .exactOptional();

const cloud = z.strictObject({
  type: z.literal('cloud'),
  networking: z
    .discriminatedUnion('type', [
      z.strictObject({ type: z.literal('unrestricted') }),
      z.strictObject({
        type: z.literal('limited'),
        allow_mcp_servers: flag,
        allow_package_managers: flag,
        allowed_hosts: z.array(hostSchema).max(1000).nullable().exactOptional(),
      }),
    ])
    .nullable()
    .exactOptional(),
  packages: z
    .strictObject({
      type: z.literal('packages').exactOptional(),
      apt: packageList,
      cargo: packageList,
      gem: packageList,
      go: packageList,
      npm: packageList,
      pip: packageList,
    })
    .nullable()
    .exactOptional(),
});

const config = z
  .discriminatedUnion('type', [cloud, z.strictObject({ type: z.literal('self_hosted') })])
  .nullable()
  .exactOptional();

export const environmentCreateSchema = z.strictObject({
  name,
  config,
  description,
  metadata: metadataSchema.exactOptional(),
  scope,
}) satisfies z.ZodType<EnvironmentCreate>;

export const environmentUpdateSchema = z.strictObject({
  name: name.nullable().exactOptional(),
  config,
  description,
  metadata: metadataPatchSchema.exactOptional(),
  scope,
}) satisfies z.ZodType<EnvironmentUpdate>;
