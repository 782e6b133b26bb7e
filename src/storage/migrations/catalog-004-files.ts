import type { SchemaModule } from 'kysely';

/** Files. */
export async function up(schema: SchemaModule): Promise<void> {
  await schema
    .createTable('files')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('workspace', 'text', (c) => c.notNull())
    .addColumn('filename', 'text', (c) => c.notNull())
    .addColumn('mime_type', 'text', (c) => c.notNull())
    .addColumn('size_bytes', 'bigint', (c) => c.notNull())
    .addColumn('content', 'text')
    .addColumn('session_id', 'text')
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint')
    .execute();
  for (const [name, columns] of Object.entries({
    files_by_age: ['workspace', 'created_at', 'id'],
    files_by_session: ['session_id', 'created_at', 'id'],
    files_by_content: ['content'],
    files_by_expiry: ['expires_at'],
  })) {
    await schema.createIndex(name).on('files').columns(columns).execute();
  }
}
