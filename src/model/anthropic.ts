import { createClient } from './anthropic-client.js';
import { createMessagesModel } from './messages.js';
import type { Model } from './model.js';

export interface AnthropicModelOptions {
  apiKey: string;
  /** The root of the Messages API; `ANTHROPIC_BASE_URL` is never used, since clients on this machine set it to reach us. */
  baseURL: string;
  stallMs?: number | undefined;
}

/** Replies from Anthropic's own API, or from whatever speaks it. */
export function createAnthropicModel({ apiKey, baseURL, stallMs }: AnthropicModelOptions): Model {
  const client = createClient({ apiKey, baseURL });
  return createMessagesModel({ client: () => client, secrets: [apiKey], stallMs });
}
