import type Anthropic from '@anthropic-ai/sdk';
import { createClient } from './anthropic-client.js';

const PATIENCE_MS = 10_000;

/** Every model that the Messages API offers, retired ones included. */
export async function listAnthropicModels(upstream: {
  apiKey: string;
  baseURL: string;
}): Promise<Anthropic.Beta.BetaModelInfo[]> {
  const models: Anthropic.Beta.BetaModelInfo[] = [];
  const lifecycle: Anthropic.Beta.BetaModelInfo['lifecycle'][] = ['active', 'deprecated', 'retired'];
  const query = { limit: 1_000, lifecycle };
  for await (const model of createClient(upstream).beta.models.list(query, { timeout: PATIENCE_MS }))
    models.push(model);
  return models;
}
