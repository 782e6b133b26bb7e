import type { BedrockClientOptions } from './bedrock-client.js';
import { createMessagesModel, type MessagesClient } from './messages.js';
import type { Model } from './model.js';

export interface BedrockOptions extends BedrockClientOptions {
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
