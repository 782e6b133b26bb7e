import { createMessagesModel, type MessagesClient } from './messages.js';
import type { Model } from './model.js';

export interface BedrockOptions {
  region: string;
  /** A Bedrock API key, or a pair of AWS's; with neither, AWS's own chain of credentials is asked. */
  apiKey?: string | undefined;
  keys?: { id: string; secret: string; sessionToken?: string | undefined } | undefined;
  baseURL?: string | undefined;
  stallMs?: number | undefined;
}

/** Replies from Claude on Amazon Bedrock, over Anthropic's package for it. */
export function createBedrockModel(options: BedrockOptions): Model {
  const { apiKey, keys, stallMs } = options;
  const secrets = [apiKey, keys?.secret, keys?.sessionToken].filter((secret) => secret !== undefined);
  let client: Promise<MessagesClient> | undefined;
  return createMessagesModel({
    // Loaded when it is asked for: with all that AWS needs it is large.
    client: () => (client ??= import('./bedrock-client.js').then((module) => module.createBedrockClient(options))),
    secrets,
    stallMs,
  });
}
