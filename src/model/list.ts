import type Anthropic from '@anthropic-ai/sdk';
import { z } from 'zod';
import type { ModelEntry, ModelsConfig } from '../config/models-file.js';
import { listAnthropicModels } from './anthropic-models.js';
import { ANTHROPIC_URL } from './backends.js';
import type { FactsOf } from './facts.js';
import { get, readBody } from './openai-http.js';
import { isPattern } from './routes.js';

export type ModelInfo = Anthropic.Beta.BetaModelInfo;

/**
 * The models with an entry of their own, and for each entry with a `*` what its backend lists under that beginning. A
 * backend without a list, or with other names for its models than ours, adds none.
 */
export async function listModels(config: ModelsConfig, factsOf: FactsOf): Promise<ModelInfo[]> {
  const named = Object.entries(config.models).filter(([id]) => !isPattern(id));
  const patterns = Object.entries(config.models).filter(([id]) => isPattern(id));
  const own = named.map(([id, entry]) => describe(id, entry.display_name ?? id, UNKNOWN_DATE, factsOf));
  const offered = await Promise.all(patterns.map(([id, entry]) => offeredUnder(id, entry, config, factsOf)));
  const seen = new Set<string>();
  return [...own, ...offered.flat()].filter(({ id }) => !seen.has(id) && seen.add(id));
}

const UNKNOWN_DATE = '1970-01-01T00:00:00Z';

async function offeredUnder(
  pattern: string,
  { backend: name, upstream_model }: ModelEntry,
  { backends, secrets }: ModelsConfig,
  factsOf: FactsOf,
): Promise<ModelInfo[]> {
  const backend = backends[name];
  if (!backend || upstream_model !== undefined) return [];
  const isMeant = ({ id }: { id: string }): boolean => id.startsWith(pattern.slice(0, -1));
  switch (backend.type) {
    case 'anthropic': {
      const { base_url: baseURL = ANTHROPIC_URL, api_key_env = '' } = backend;
      return (await listAnthropicModels({ apiKey: secrets[api_key_env] ?? '', baseURL })).filter(isMeant);
    }
    case 'openai': {
      const listed = await listChatModels(backend.base_url, secrets[backend.api_key_env ?? ''] ?? '');
      return listed.filter(isMeant).map(({ id, created }) => describe(id, id, dateOf(created), factsOf));
    }
    case 'scripted':
      return pattern === '*' ? [describe('scripted', SCRIPTED, '2026-01-01T00:00:00Z', factsOf)] : [];
    case 'bedrock':
    case 'vertex':
      return [];
    default:
      throw new Error(`no such backend: ${JSON.stringify(backend satisfies never)}`);
  }
}

const SCRIPTED = 'Scripted model (offline stand-in)';

function describe(id: string, display_name: string, created_at: string, factsOf: FactsOf): ModelInfo {
  const { context_window, max_output_tokens } = factsOf(id);
  return {
    id,
    type: 'model',
    display_name,
    created_at,
    lifecycle: 'active',
    allowed_fallback_models: null,
    capabilities: null,
    deprecated_at: null,
    line: null,
    max_input_tokens: context_window,
    max_tokens: max_output_tokens,
    retires_at: null,
  };
}

const chatModels = z.object({ data: z.array(z.object({ id: z.string(), created: z.number().nullish() })) });

async function listChatModels(baseURL: string, apiKey: string): Promise<z.infer<typeof chatModels>['data']> {
  const headers: Record<string, string> = apiKey === '' ? {} : { authorization: `Bearer ${apiKey}` };
  const response = await get(`${baseURL}/models`, headers, AbortSignal.timeout(10_000));
  const body = await readBody(response, 10_000_000);
  if (response.statusCode !== 200) throw new Error(`${baseURL}/models answered ${response.statusCode}`);
  return chatModels.parse(JSON.parse(body)).data;
}

function dateOf(seconds: number | null | undefined): string {
  return seconds ? `${new Date(seconds * 1000).toISOString().slice(0, -5)}Z` : UNKNOWN_DATE;
}
