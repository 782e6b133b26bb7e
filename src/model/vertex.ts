import { createMessagesModel, type MessagesClient } from './messages.js';
import type { Model } from './model.js';

export interface VertexOptions {
  region: string;
  project: string;
  /** Without it Google's application default credentials are used. */
  accessToken?: string | undefined;
  baseURL?: string | undefined;
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
