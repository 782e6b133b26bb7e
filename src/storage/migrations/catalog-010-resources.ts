import type { SchemaModule } from 'kysely';

/** What sessions are given, and which of their files they have made. */
export async function up(schema: SchemaModule): Promise<void> {
  // No session had a resource or a file of its own until now.
  await schema.alterTable('sessions').dropColumn('resources').execute();
  await schema
    .alterTable('files')
    .addColumn('downloadable', 'integer', (c) => c.notNull().defaultTo(0))
    .execute();
  await createResources(schema);
  await createOutputs(schema);
}

async function createResources(schema: SchemaModule): Promise<void> {
  await schema
    .createTable('session_resources')
    .addColumn('session_id', 'text', (c) => c.notNull())
    .addColumn('position', 'integer', (c) => c.notNull())
    .addColumn('id', 'text', (c) => c.unique())
    .addColumn('type', 'text', (c) => c.notNull())
    .addColumn('file_id', 'text')
    .addColumn('memory_store_id', 'text')
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('updated_at', 'bigint', (c) => c.notNull())
    .addColumn('settings', 'text', (c) => c.notNull())
    .addColumn('key_id', 'text')
    .addColumn('secret', 'blob')
    .addPrimaryKeyConstraint('session_resources_pk', ['session_id', 'position'])
    .execute();
  for (const [name, column] of [
    ['session_resources_by_memory_store', 'memory_store_id'],
    ['session_resources_by_key', 'key_id'],
  ] as const) {
    await schema.createIndex(name).on('session_resources').columns([column, 'session_id']).execute();
  }
}

async function createOutputs(schema: SchemaModule): Promise<void> {
  await schema
    .createTable('session_outputs')
    .addColumn('session_id', 'text', (c) => c.notNull())
    .addColumn('path', 'text', (c) => c.notNull())
    .addColumn('stamp', 'text', (c) => c.notNull())
    .addColumn('size_bytes', 'bigint', (c) => c.notNull())
    .addColumn('content', 'text', (c) => c.notNull())
    .addColumn('file_id', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('session_outputs_pk', ['session_id', 'path'])
    .execute();
}
