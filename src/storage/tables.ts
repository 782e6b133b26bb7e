/** How far each schema has come. */
export interface VersionTables {
  schema_version: { version: number };
  'projection.schema_version': { version: number };
}

/** The table of src/storage/migrations/catalog-011-owner.ts. */
export interface OwnerTables {
  database_owner: { position: number; data_directory: string };
}
