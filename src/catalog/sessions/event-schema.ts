import type Anthropic from '@anthropic-ai/sdk';
import { z } from 'zod';
import { LONGEST_RUBRIC } from '../files/rubric-files.js';
import { fromFile, messageContentSchema, oneOf, resultContentSchema, textSchema } from './content-schema.js';

export type EventParams = Anthropic.Beta.Sessions.BetaManagedAgentsEventParams;

const id = z.string().min(1).max(255);

const SENDABLE = [
  'user.message',
  'user.interrupt',
  'user.tool_confirmation',
  'user.custom_tool_result',
  'user.tool_result',
  'user.define_outcome',
  'system.message',
];

const result = {
  content: resultContentSchema.exactOptional(),
  is_error: z.boolean().nullable().exactOptional(),
};

const userMessage = z.strictObject({ type: z.literal('user.message'), content: messageContentSchema });

/** By white space nothing can be evaluated. */
const rubricText = z
  .string()
  .min(1)
  .max(LONGEST_RUBRIC)
  .refine((text) => text.trim() !== '', 'must not be blank');

const defineOutcome = z.strictObject({
  type: z.literal('user.define_outcome'),
  description: z.string().min(1).max(LONGEST_RUBRIC),
  rubric: z.discriminatedUnion('type', [z.strictObject({ type: z.literal('text'), content: rubricText }), fromFile]),
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

const systemMessage = z.strictObject({
  type: z.literal('system.message'),
  content: z.array(textSchema).min(1).max(1000),
});

/** The events that a session may begin with. */
export const initialEventsSchema = z
  .array(
    z.discriminatedUnion('type', [userMessage, defineOutcome], { error: oneOf('user.message', 'user.define_outcome') }),
  )
  .max(50);

/** Those that a deployment's sessions begin with. */
export const deploymentEventsSchema = z
  .array(
    z.discriminatedUnion('type', [userMessage, defineOutcome, systemMessage], {
      error: oneOf('user.message', 'user.define_outcome', 'system.message'),
    }),
  )
  .min(1)
  .max(50);

/** The body of `POST /v1/sessions/{id}/events`: every type that a client may send (events.md §2). */
export const sendSchema = z.strictObject({
  events: z
    .array(
      z.discriminatedUnion(
        'type',
        [
          userMessage,
          z.strictObject({ type: z.literal('user.interrupt'), session_thread_id: id.nullable().exactOptional() }),
          toolConfirmation,
          z.strictObject({ type: z.literal('user.custom_tool_result'), custom_tool_use_id: id, ...result }),
          z.strictObject({ type: z.literal('user.tool_result'), tool_use_id: id, ...result }),
          defineOutcome,
          systemMessage,
        ],
        { error: oneOf(...SENDABLE) },
      ),
    )
    .min(1)
    .max(1000),
}) satisfies z.ZodType<{ events: EventParams[] }>;
