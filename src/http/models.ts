import type { Models } from '../catalog/models.js';
import type { Handlers } from './handler.js';

const LIFECYCLES = ['active', 'deprecated', 'retired'] as const;

/** Endpoints §14: the older way of paging, by id. */
export function modelHandlers(models: Models): Handlers {
  return {
    'models.retrieve': async ({ param }) => models.retrieve(param('model_id')),
    'models.list': async ({ query }) => {
      const after_id = query.text('after_id');
      const before_id = query.text('before_id');
      const lifecycle = query.list('lifecycle', LIFECYCLES);
      const { data, has_more } = await models.list({
        limit: query.integer('limit', { min: 1, max: 1000 }) ?? 20,
        ...(after_id !== undefined && { after_id }),
        ...(before_id !== undefined && { before_id }),
        ...(lifecycle && { lifecycle }),
      });
      return { data, has_more, first_id: data.at(0)?.id ?? null, last_id: data.at(-1)?.id ?? null };
    },
  };
}
