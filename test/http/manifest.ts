import type { Operation } from '../../src/http/routes.js';
import type { EventRow } from '../wire/event-row.js';
import { PLATFORM_ROWS } from './manifest-platform.js';
import { SESSION_ROWS } from './manifest-sessions.js';
import { STORE_ROWS } from './manifest-stores.js';

/**
 * The 120 rows of the contract. Of each what it documents beyond what all of them have in common: that it is carried
 * out, 404 for an id that is not there, 400 for input that is wrong, and pages.
 */
export const MANIFEST: Readonly<Record<Operation, Readonly<Record<string, EventRow>>>> = {
  ...SESSION_ROWS,
  ...STORE_ROWS,
  ...PLATFORM_ROWS,
};
