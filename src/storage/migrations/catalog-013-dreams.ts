import type { SchemaModule } from 'kysely';

/** Dreams. */
export async function up(schema: SchemaModule): Promise<void> {
  await schema
    .createTable('dreams')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('workspace', 'text', (c) => c.notNull())
    .addColumn('status', 'text', (c) => c.notNull())
    .addColumn('settings', 'text', (c) => c.notNull())
    .addColumn('output_store_id', 'text')
    .addColumn('session_id', 'text', (c) => c.notNull())
    .addColumn('agent_id', 'text')
    .addColumn('environment_id', 'text')
    .addColumn('started_at', 'bigint')
    .addColumn('ended_at', 'bigint')
    .addColumn('at_work', 'integer', (c) => c.notNull())
    .addColumn('error', 'text')
    .addColumn('usage', 'text')
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('archived_at', 'bigint')
    .execute();
  for (const [name, columns] of Object.entries({
    dreams_by_age: ['workspace', 'created_at', 'id'],
    dreams_by_store: ['output_store_id', 'at_work'],
    dreams_by_work: ['at_work'],
  })) {
    await schema.createIndex(name).on('dreams').columns(columns).execute();
  }
}
