import type Anthropic from '@anthropic-ai/sdk';
import { ApiError } from '../api-error.js';

export type ModelInfo = Anthropic.Beta.BetaModelInfo;

/** The models that the configured backend offers now; rejects with an ApiError when it cannot be asked. */
export type ListModels = () => Promise<readonly ModelInfo[]>;

export interface Models {
  /** By id, or by an alias: an id without the date that ends it. */
  retrieve(id: string): Promise<ModelInfo>;
  /** Newest first. Without `lifecycle` retired models are left out. */
  list(query: ModelQuery): Promise<{ data: ModelInfo[]; has_more: boolean }>;
}

export interface ModelQuery {
  limit: number;
  after_id?: string;
  before_id?: string;
  lifecycle?: ModelInfo['lifecycle'][];
}

export function createModels(listModels: ListModels): Models {
  const newestFirst = async (): Promise<ModelInfo[]> =>
    (await listModels()).toSorted((a, b) => b.created_at.localeCompare(a.created_at) || a.id.localeCompare(b.id));
  return {
    async retrieve(id) {
      const models = await newestFirst();
      const found = models.find((model) => model.id === id) ?? models.find((model) => isAlias(id, model.id));
      if (!found) throw new ApiError('not_found_error', `There is no model ${id}.`);
      return found;
    },
    async list({ limit, after_id, before_id, lifecycle = ['active', 'deprecated'] }) {
      const listed = (await newestFirst()).filter((model) => lifecycle.includes(model.lifecycle));
      const start = after_id === undefined ? 0 : indexOf(listed, after_id, 'after_id') + 1;
      const end = before_id === undefined ? listed.length : indexOf(listed, before_id, 'before_id');
      const window = listed.slice(start, end);
      // Going back, the page is the one that ends right before `before_id`.
      const data = before_id === undefined ? window.slice(0, limit) : window.slice(-limit);
      return { data, has_more: window.length > limit };
    },
  };
}

function isAlias(alias: string, id: string): boolean {
  return id.startsWith(`${alias}-`) && /^\d{8}$/.test(id.slice(alias.length + 1));
}

function indexOf(listed: readonly ModelInfo[], id: string, field: string): number {
  const index = listed.findIndex((model) => model.id === id);
  if (index < 0) throw new ApiError('invalid_request_error', `${field}: there is no model ${id} in this list`);
  return index;
}
