import { newId } from '../../ids.js';
import type { InputEvent } from '../../session/session.js';
import { readRubric, type RubricDeps } from '../files/rubric-files.js';
import type { EventParams } from './event-schema.js';

/**
 * The events as the session takes them in: each with its id, and a rubric that came as a file with that file's text, so
 * that what is evaluated is what was defined, whatever becomes of the file. `path` is where they are in the request.
 */
export async function toInputs(deps: RubricDeps, events: readonly EventParams[], path: string): Promise<InputEvent[]> {
  const inputs: InputEvent[] = [];
  for (const [index, event] of events.entries()) {
    if (event.type === 'user.define_outcome') inputs.push(await toDefinition(deps, event, `${path}.${index}`));
    else inputs.push({ ...event, id: newId('sevt') });
  }
  return inputs;
}

type DefineOutcome = Extract<EventParams, { type: 'user.define_outcome' }>;

async function toDefinition(deps: RubricDeps, event: DefineOutcome, path: string): Promise<InputEvent> {
  const { type, description, rubric, max_iterations = null } = event;
  const content =
    rubric.type === 'text'
      ? rubric.content
      : await readRubric(deps, { file_id: rubric.file_id, field: `${path}.rubric.file_id` });
  const ids = { id: newId('sevt'), outcome_id: newId('outc') };
  return { ...ids, type, description, rubric: { type: 'text', content }, max_iterations };
}
