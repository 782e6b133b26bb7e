import type { ModelInfo } from '../../src/catalog/models.js';

/** Three models in as many stages of life. */
export const MODELS: ModelInfo[] = [
  model('claude-opus-5-5', '2026-09-01T00:00:00Z', 'active'),
  model('claude-haiku-4-5-20251001', '2025-10-01T00:00:00Z', 'deprecated'),
  model('claude-old-1', '2024-01-01T00:00:00Z', 'retired'),
];

function model(id: string, created_at: string, lifecycle: ModelInfo['lifecycle']): ModelInfo {
  return {
    type: 'model',
    id,
    display_name: id,
    created_at,
    lifecycle,
    line: null,
    capabilities: null,
    allowed_fallback_models: [],
    deprecated_at: null,
    retires_at: null,
    max_input_tokens: 200_000,
    max_tokens: 32_000,
  };
}
