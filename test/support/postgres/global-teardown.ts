/** Nothing is left of the server of the run. */
export default async function stopPostgres(): Promise<void> {
  await globalThis.postgresCluster?.remove();
}
