import type Anthropic from '@anthropic-ai/sdk';
import { ApiError } from '../api-error.js';
import { type IdPage, type IdQuery, takeIdPage } from './id-page.js';

export type ModelInfo = Anthropic.Beta.BetaModelInfo;

/** The models that the configured backend offers now; rejects with an ApiError when it cannot be asked. */
export type ListModels = () => Promise<readonly ModelInfo[]>;

export interface Models {
  /** By id, or by an alias: an id without the date that ends it. */
  retrieve(id: string): Promise<ModelInfo>;
  /** Newest first. Without `lifecycle` retired models are left out. */
  list(query: ModelQuery): Promise<IdPage<ModelInfo>>;
}

export interface ModelQuery extends IdQuery {
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
    async list({ lifecycle = ['active', 'deprecated'], ...query }) {
      const listed = (await newestFirst()).filter((model) => lifecycle.includes(model.lifecycle));
      return takeIdPage(listed, query);
    },
  };
}

function isAlias(alias: string, id: string): boolean {
  return id.startsWith(`${alias}-`) && /^\d{8}$/.test(id.slice(alias.length + 1));
}
