import type Anthropic from '@anthropic-ai/sdk';
import { z } from 'zod';

export type EventParams = Anthropic.Beta.Sessions.BetaManagedAgentsEventParams;

const id = z.string().min(1).max(255);
const text = z.strictObject({ type: z.literal('text'), text: z.string().min(1) });
const base64 = z.base64().min(1);
const url = z.url({ protocol: /^https?$/, error: 'must be an http(s) URL' });
const fromUrl = z.strictObject({ type: z.literal('url'), url });
const fromFile = z.strictObject({ type: z.literal('file'), file_id: id });

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
    z.strictObject({ type: z.literal('base64'), media_type: z.string().min(1).max(255), data: base64 }),
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
  content: z.array(text),
});

const result = {
  content: z.array(z.discriminatedUnion('type', [text, image, document, searchResult])).exactOptional(),
  is_error: z.boolean().nullable().exactOptional(),
};

const userMessage = z.strictObject({
  type: z.literal('user.message'),
  content: z.array(z.discriminatedUnion('type', [text, image, document])).min(1),
});

const defineOutcome = z.strictObject({
  type: z.literal('user.define_outcome'),
  description: z.string().min(1),
  rubric: z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('text'), content: z.string().min(1).max(262_144) }),
    fromFile,
  ]),
  max_iterations: z.int().min(1).max(20).nullable().exactOptional(),
});

const toolConfirmation = z
  .strictObject({
    type: z.literal('user.tool_confirmation'),
    tool_use_id: id,
    result: z.enum(['allow', 'deny']),
    deny_message: z.string().nullable().exactOptional(),
  })
  .refine((event) => event.result === 'deny' || event.deny_message == null, {
    path: ['deny_message'],
    error: 'goes with result "deny" only',
  });

/** The events that a session may begin with. */
export const initialEventsSchema = z.array(z.discriminatedUnion('type', [userMessage, defineOutcome])).max(50);

/** The body of `POST /v1/sessions/{id}/events`: every type that a client may send (events.md §2). */
export const sendSchema = z.strictObject({
  events: z
    .array(
      z.discriminatedUnion('type', [
        userMessage,
        z.strictObject({ type: z.literal('user.interrupt'), session_thread_id: id.nullable().exactOptional() }),
        toolConfirmation,
        z.strictObject({ type: z.literal('user.custom_tool_result'), custom_tool_use_id: id, ...result }),
        z.strictObject({ type: z.literal('user.tool_result'), tool_use_id: id, ...result }),
        defineOutcome,
        z.strictObject({ type: z.literal('system.message'), content: z.array(text).min(1).max(1000) }),
      ]),
    )
    .min(1)
    .max(1000),
}) satisfies z.ZodType<{ events: EventParams[] }>;
