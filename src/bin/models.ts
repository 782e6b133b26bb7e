import type { ModelInfo } from '../catalog/models.js';
import type { Config } from '../config/config.js';
import { createAnthropicModel } from '../model/anthropic.js';
import type { Model } from '../model/model.js';
import { createScriptedModel } from '../model/scripted.js';

/** The model that the configuration names. */
export function createModel({ model }: Config): Model {
  if (model.kind === 'scripted') return createScriptedModel();
  return createAnthropicModel({
    apiKey: model.apiKey ?? '',
    baseURL: model.upstreamUrl ?? 'https://api.anthropic.com',
  });
}

/** What `GET /v1/models` lists. */
export function modelInfos({ model }: Config): ModelInfo[] {
  if (model.kind !== 'scripted') return [];
  return [
    {
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
    },
  ];
}
