import { z } from 'zod';

const id = z.string().min(1).max(255);
const url = z.url({ protocol: /^https?$/, error: 'must be an http(s) URL' });
const fromUrl = z.strictObject({ type: z.literal('url'), url });
/** What was uploaded before. */
export const fromFile = z.strictObject({ type: z.literal('file'), file_id: id });
/** Padded, in the plain alphabet, without white space: what decodes and encodes to itself. */
const base64 = z.string().min(1).refine(isCanonical, 'must be base64 with padding and without white space');

/** A block of text that says something. */
export const textSchema = z.strictObject({ type: z.literal('text'), text: z.string().min(1) });

const image = z.strictObject({
  type: z.literal('image'),
  source: z.discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('base64'),
      media_type: z.enum(['image/jpeg', 'image/png', 'image/gif', 'image/webp']),
      data: base64,
    }),
    fromUrl,
    fromFile,
  ]),
});

const document = z.strictObject({
  type: z.literal('document'),
  source: z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('base64'), media_type: z.literal('application/pdf'), data: base64 }),
    z.strictObject({ type: z.literal('text'), media_type: z.literal('text/plain'), data: z.string().min(1) }),
    fromUrl,
    fromFile,
  ]),
  title: z.string().nullable().exactOptional(),
  context: z.string().nullable().exactOptional(),
});

const searchResult = z.strictObject({
  type: z.literal('search_result'),
  source: z.string(),
  title: z.string(),
  citations: z.strictObject({ enabled: z.boolean() }),
  content: z.array(textSchema),
});

/** What a user may say. */
export const messageContentSchema = z
  .array(z.discriminatedUnion('type', [textSchema, image, document], { error: oneOf('text', 'image', 'document') }))
  .min(1);

/** What a tool that the client carries out may give back. */
export const resultContentSchema = z.array(
  z.discriminatedUnion('type', [textSchema, image, document, searchResult], {
    error: oneOf('text', 'image', 'document', 'search_result'),
  }),
);

/** For a union's `error`: says which types there are when the type is none of them. */
export function oneOf(...types: string[]) {
  return ({ code }: { code?: string }): string | undefined =>
    code === 'invalid_union' ? `must be one of ${types.join(', ')}` : undefined;
}

function isCanonical(data: string): boolean {
  return Buffer.from(data, 'base64').toString('base64') === data;
}
