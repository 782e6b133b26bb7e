import type { SchemaModule } from 'kysely';

/** The versions of a store by who wrote them. */
export async function up(schema: SchemaModule): Promise<void> {
  await schema
    .createIndex('memory_versions_by_author')
    .on('memory_versions')
    .columns(['memory_store_id', 'created_by_id', 'created_at', 'id'])
    .execute();
}
