import type { Models } from '../catalog/models.js';
import type { Handlers } from './handler.js';
import { readIdQuery, toIdPage } from './id-page.js';

const LIFECYCLES = ['active', 'deprecated', 'retired'] as const;

/** Endpoints §14: the older way of paging, by id. */
export function modelHandlers(models: Models): Handlers {
  return {
    'models.retrieve': async ({ param }) => models.retrieve(param('model_id')),
    'models.list': async ({ query }) => {
      const lifecycle = query.list('lifecycle', LIFECYCLES);
      return toIdPage(await models.list({ ...readIdQuery(query), ...(lifecycle && { lifecycle }) }));
    },
  };
}
