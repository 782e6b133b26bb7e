import type { ModelEntry, ModelsConfig } from '../config/models-file.js';
import { type FactsOf, publicFacts } from './facts.js';

/** What serves a model: the entry that its id matches, and what the backend calls it. */
export interface Route {
  entry: ModelEntry;
  upstream: string;
}

/** The route of a model: by its whole id, else by the longest beginning that has an entry; undefined where there is none. */
export function routeOf(models: ModelsConfig['models'], id: string): Route | undefined {
  const exact = isPattern(id) ? undefined : models[id];
  if (exact && Object.hasOwn(models, id)) return { entry: exact, upstream: exact.upstream_model ?? id };
  const [pattern, entry] =
    Object.entries(models)
      .filter(([key]) => isPattern(key) && id.startsWith(key.slice(0, -1)))
      .toSorted(([a], [b]) => b.length - a.length)[0] ?? [];
  if (!entry || pattern === undefined) return undefined;
  const rest = id.slice(pattern.length - 1);
  return { entry, upstream: entry.upstream_model?.replaceAll('*', () => rest) ?? id };
}

/** Whether an entry is for all ids with this beginning. */
export function isPattern(id: string): boolean {
  return id.endsWith('*');
}

/** The facts that an entry states; of those it leaves out, what is publicly known, kept within the window. */
export function factsOfEntries(models: ModelsConfig['models']): FactsOf {
  return (id) => {
    const known = publicFacts(id);
    const entry: Partial<ModelEntry> = routeOf(models, id)?.entry ?? {};
    const { context_window = known.context_window } = entry;
    return {
      context_window,
      // Of a small window a quarter is enough for a reply, and leaves room for what it answers.
      max_output_tokens: entry.max_output_tokens ?? Math.min(known.max_output_tokens, Math.ceil(context_window / 4)),
      takes_system_messages: entry.takes_system_messages ?? known.takes_system_messages,
    };
  };
}
