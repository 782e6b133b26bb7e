import type { SchemaModule } from 'kysely';

/** Whose database it is: at most one row. */
export async function up(schema: SchemaModule): Promise<void> {
  await schema
    .createTable('database_owner')
    .addColumn('position', 'integer', (c) => c.primaryKey())
    .addColumn('data_directory', 'text', (c) => c.notNull())
    .execute();
}
