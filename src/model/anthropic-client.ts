import { Anthropic } from '@anthropic-ai/sdk';

/** The official SDK's client for a model's API, told everything: nothing comes from the environment. */
export function createClient({ apiKey, baseURL }: { apiKey: string; baseURL: string }): Anthropic {
  return new Anthropic({
    apiKey,
    baseURL,
    maxRetries: 0,
    // Stated here so that no variable of the environment can replace the key, or print or send what is said.
    defaultHeaders: [['authorization', `Bearer ${apiKey}`]],
    logLevel: 'off',
    openTelemetry: false,
  });
}
