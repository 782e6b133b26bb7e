import type { Kysely } from 'kysely';
import type { CatalogTables } from '../catalog/tables.js';
import type { ProjectionTables } from '../session/tables.js';
import type { OwnerTables, VersionTables } from './tables.js';

export type Tables = CatalogTables & ProjectionTables & VersionTables & OwnerTables;

/** Also what a transaction is: pass that on to whatever has to take part in it. */
export type Database = Kysely<Tables>;
