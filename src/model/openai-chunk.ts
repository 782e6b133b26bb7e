import { z } from 'zod';

const call = z.object({
  index: z.int().nullish(),
  id: z.string().nullish(),
  function: z
    .object({
      name: z.string().nullish(),
      // A text by the book; some servers send the object itself.
      arguments: z.union([z.string(), z.record(z.string(), z.unknown())]).nullish(),
    })
    .nullish(),
});

const message = z.object({
  content: z.string().nullish(),
  refusal: z.string().nullish(),
  // The two names that servers give to what a model thinks.
  reasoning_content: z.string().nullish(),
  reasoning: z.string().nullish(),
  tool_calls: z.array(call).nullish(),
});

const choice = z.object({
  delta: message.nullish(),
  /** In place of `delta` where a server does not stream after all. */
  message: message.nullish(),
  finish_reason: z.string().nullish(),
});

const usage = z.object({
  prompt_tokens: z.number().nullish(),
  completion_tokens: z.number().nullish(),
  prompt_tokens_details: z.object({ cached_tokens: z.number().nullish() }).nullish(),
});

/** One message of a chat-completions stream, read as widely as the servers write it. */
export const chatChunk = z.object({
  choices: z.array(choice).nullish(),
  usage: usage.nullish(),
});

export type ChatChunk = z.infer<typeof chatChunk>;
export type ChatUsage = z.infer<typeof usage>;
export type CallDelta = z.infer<typeof call>;
