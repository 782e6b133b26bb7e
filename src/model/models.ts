import type { ModelEntry, ModelsConfig } from '../config/models-file.js';
import { createBackend } from './backends.js';
import type { FactsOf } from './facts.js';
import { listModels, type ModelInfo } from './list.js';
import type { Model, ModelFailure } from './model.js';
import { factsOfEntries, routeOf } from './routes.js';
import { NO_USAGE } from './usage.js';

/** Every model that the configuration names, behind one door. */
export interface Models {
  /** Asks the backend of the request's model. One that no entry is for is a failure that names those there are. */
  model: Model;
  factsOf: FactsOf;
  /** What the configuration says that a model costs; undefined where it is silent. */
  priceOf: (model: string) => ModelEntry['price'];
  /** The models with an entry of their own, and of the other backends what they offer now; rejects when one cannot be asked. */
  list(): Promise<ModelInfo[]>;
}

/** The configuration's models. Connects to nothing before the first request. */
export function createModels(config: ModelsConfig): Models {
  const backends = new Map<string, Model>();
  const backendOf = (name: string): Model => {
    const known = backends.get(name) ?? createBackend(backendNamed(config, name), config.secrets);
    backends.set(name, known);
    return known;
  };
  const factsOf = factsOfEntries(config.models);
  return {
    model: {
      async sample(request, listener, signal) {
        const route = routeOf(config.models, request.model);
        if (!route) return { type: 'failed', error: unknownModel(request.model, config), usage: NO_USAGE };
        const max_tokens = Math.min(request.max_tokens, factsOf(request.model).max_output_tokens);
        const asked = { ...request, max_tokens, model: route.upstream };
        return backendOf(route.entry.backend).sample(asked, listener, signal);
      },
    },
    factsOf,
    priceOf: (model) => routeOf(config.models, model)?.entry.price,
    list: () => listModels(config, factsOf),
  };
}

function backendNamed({ backends }: ModelsConfig, name: string): ModelsConfig['backends'][string] {
  const found = backends[name];
  // The file was checked: an entry names a backend that is there.
  if (!found) throw new Error(`no backend ${name}`);
  return found;
}

function unknownModel(id: string, { models }: ModelsConfig): ModelFailure {
  const there = Object.keys(models).join(', ');
  const message = `There is no model ${JSON.stringify(id)} here. These are configured: ${there}.`;
  return { type: 'model_request_failed_error', message, disposition: 'exhausted' };
}
