import type Anthropic from '@anthropic-ai/sdk';
import { z } from 'zod';

type Create = NonNullable<Anthropic.Beta.Sessions.SessionCreateParams['resources']>[number];
export type ResourceParams = z.output<typeof resourceSchema>;
export type FileParams = z.output<typeof fileSchema>;
export type RepositoryParams = z.output<typeof repositorySchema>;

const id = z.string().min(1).max(255);
const path = z.string().max(1024).nullable().exactOptional();
const token = z.string().min(1).max(8192);

const fileSchema = z.strictObject({ type: z.literal('file'), file_id: id, mount_path: path });

const repositorySchema = z.strictObject({
  type: z.literal('github_repository'),
  url: z.string().min(1).max(2048),
  authorization_token: token.exactOptional(),
  checkout: z
    .discriminatedUnion('type', [
      z.strictObject({ type: z.literal('branch'), name: z.string().min(1).max(255) }),
      z.strictObject({
        type: z.literal('commit'),
        sha: z.string().regex(/^([0-9a-f]{40}|[0-9a-f]{64})$/i, 'must be a full commit SHA'),
      }),
    ])
    .nullable()
    .exactOptional(),
  mount_path: path,
});

const memoryStoreSchema = z.strictObject({
  type: z.literal('memory_store'),
  memory_store_id: id,
  access: z.enum(['read_write', 'read_only']).nullable().exactOptional(),
  instructions: z.string().max(4096).nullable().exactOptional(),
});

const resourceSchema = z.discriminatedUnion('type', [fileSchema, repositorySchema, memoryStoreSchema], {
  error: ({ code }) => (code === 'invalid_union' ? 'must be one of file, github_repository, memory_store' : undefined),
});

/** What a session begins with: of some types only so many, which `planResources` sees to. */
export const resourcesSchema = z.array(resourceSchema).max(1_000) satisfies z.ZodType<Create[]>;

/** What may be added to a session that is there. */
export const resourceAddSchema = z.strictObject({ ...fileSchema.shape }) satisfies z.ZodType<
  Pick<Anthropic.Beta.Sessions.ResourceAddParams, 'type' | 'file_id' | 'mount_path'>
>;

export const resourceUpdateSchema = z.strictObject({ authorization_token: token });
