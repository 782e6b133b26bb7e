import { ApiError } from '../api-error.js';
import type { ListModels, ModelInfo } from '../catalog/models.js';
import type { Config } from '../config/config.js';
import type { BackendConfig, ModelsConfig } from '../config/models-file.js';
import { createModels, type Models } from '../model/models.js';

/** The models of a server, as its parts want them. */
export interface ServedModels extends Omit<Models, 'list'> {
  /** What `GET /v1/models` lists: what is configured and what the upstreams offer, asked for once in a while. */
  list: ListModels;
}

/** The models that the configuration names: by its file, or all of one upstream or of the scripted model. */
export function openModels({ model }: Config): ServedModels {
  const models = createModels(model.file ?? withoutFile(model));
  return { ...models, list: keepList(() => models.list()) };
}

function withoutFile({ kind, apiKey, upstreamUrl }: Config['model']): ModelsConfig {
  return {
    backends: { default: kind === 'scripted' ? { type: 'scripted' } : anthropic(upstreamUrl) },
    models: { '*': { backend: 'default' } },
    secrets: { ANTHROPIC_API_KEY: apiKey ?? '' },
  };
}

function anthropic(base_url: string | undefined): BackendConfig {
  return { type: 'anthropic', api_key_env: 'ANTHROPIC_API_KEY', ...(base_url === undefined ? {} : { base_url }) };
}

const KEPT_MS = 600_000;

function keepList(list: () => Promise<ModelInfo[]>): ListModels {
  let known: { models: Promise<ModelInfo[]>; until: number } | undefined;
  return async () => {
    if (known === undefined || known.until < Date.now()) known = { models: list(), until: Date.now() + KEPT_MS };
    return known.models.catch((error: unknown) => {
      known = undefined;
      const reason = error instanceof Error ? error.message : String(error);
      throw new ApiError('unavailable_error', `The model's API does not list its models: ${reason}`, { retryAfter: 5 });
    });
  };
}
