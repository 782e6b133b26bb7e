import { type SchemaModule, sql } from 'kysely';

/** Files whose bytes are to go are looked for every minute, beside those of a month whose bytes have gone. */
export async function up(schema: SchemaModule): Promise<void> {
  const index = schema.createIndex('files_to_expire').on('files').column('expires_at');
  await index.where(sql.ref('content'), 'is not', null).execute();
}
