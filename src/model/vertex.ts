import { createMessagesModel, type MessagesClient } from './messages.js';
import type { Model } from './model.js';
import type { VertexClientOptions } from './vertex-client.js';

export interface VertexOptions extends VertexClientOptions {
  stallMs?: number | undefined;
}

/** Replies from Claude on Google's Vertex AI, over Anthropic's package for it. */
export function createVertexModel(options: VertexOptions): Model {
  let known: MessagesClient | undefined;
  return createMessagesModel({
    // Loaded when it is asked for. Credentials that were not found are looked for again at the next request.
    client: async () => (known ??= await (await import('./vertex-client.js')).createVertexClient(options)),
    secrets: options.accessToken === undefined ? [] : [options.accessToken],
    stallMs: options.stallMs,
  });
}
