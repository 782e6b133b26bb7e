import type { ListModels, ModelInfo } from '../catalog/models.js';
import type { Config } from '../config/config.js';
import { createAnthropicModel } from '../model/anthropic.js';
import { listAnthropicModels } from '../model/anthropic-models.js';
import type { Model } from '../model/model.js';
import { createScriptedModel } from '../model/scripted.js';
import { ApiError } from '../api-error.js';

/** The model that the configuration names. */
export function createModel({ model }: Config): Model {
  return model.kind === 'scripted' ? createScriptedModel() : createAnthropicModel(upstreamOf(model));
}

/** What `GET /v1/models` lists: what the upstream offers, asked for once in a while. */
export function createModelList({ model }: Config): ListModels {
  if (model.kind === 'scripted') return async () => [SCRIPTED];
  const upstream = upstreamOf(model);
  let known: { models: Promise<ModelInfo[]>; until: number } | undefined;
  return async () => {
    if (known === undefined || known.until < Date.now()) {
      known = { models: listAnthropicModels(upstream), until: Date.now() + KEPT_MS };
    }
    return known.models.catch((error: unknown) => {
      known = undefined;
      const reason = error instanceof Error ? error.message : String(error);
      throw new ApiError('unavailable_error', `The model's API does not list its models: ${reason}`, { retryAfter: 5 });
    });
  };
}

const KEPT_MS = 600_000;

function upstreamOf({ apiKey, upstreamUrl }: Config['model']): { apiKey: string; baseURL: string } {
  return { apiKey: apiKey ?? '', baseURL: upstreamUrl ?? 'https://api.anthropic.com' };
}

const SCRIPTED: ModelInfo = {
  id: 'scripted',
  type: 'model',
  display_name: 'Scripted model (offline stand-in)',
  created_at: '2026-01-01T00:00:00Z',
  lifecycle: 'active',
  allowed_fallback_models: null,
  capabilities: null,
  deprecated_at: null,
  line: null,
  max_input_tokens: 200_000,
  max_tokens: 32_000,
  retires_at: null,
};
