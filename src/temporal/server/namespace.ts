import { Connection, isGrpcServiceError } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time';
import { temporal } from '@temporalio/proto';
import { StartError } from '../../config/start-error.js';
import type { TemporalServer } from './embedded-server.js';
import { SEARCH_ATTRIBUTES } from './namespace-attributes.js';
import { refuseOtherStore } from './other-store.js';

/**
 * Makes a namespace fit for sessions: retention of at least ten years (closed runs are part of a living session's log)
 * and the search attributes. Changes only what is not so yet; safe at every start.
 */
export async function prepareNamespace(connection: Connection, namespace: string): Promise<void> {
  await Promise.all([extendRetention(connection, namespace), addSearchAttributes(connection, namespace)]);
}

/**
 * Checks a Temporal server that is not ours and prepares its namespace where that is allowed; says on `log` what was
 * not. Throws a StartError when nothing answers there, the namespace does not exist or another store is at work in it.
 */
export async function connectExisting(
  { address, namespace, store }: { address: string; namespace: string; store: string },
  log: (line: string) => void,
): Promise<TemporalServer> {
  const connection = await connect(address);
  try {
    await describe(connection, namespace, address);
    await refuseOtherStore(connection, namespace, store);
    await orExplain(log, mendRetention(namespace), () => extendRetention(connection, namespace));
    await orExplain(log, mendAttributes(namespace), () => addSearchAttributes(connection, namespace));
  } finally {
    await connection.close();
  }
  return { address, uiUrl: undefined, pid: undefined, onRestart: () => {}, stop: () => Promise.resolve() };
}

const RETENTION_SECONDS = 10 * 365 * 86_400;
const CONNECT_MS = 3000;

// Codes of gRPC, which is no direct dependency.
const NOT_FOUND = 5;
const ALREADY_EXISTS = 6;

async function connect(address: string): Promise<Connection> {
  try {
    return await Connection.connect({ address, connectTimeout: CONNECT_MS });
  } catch (error) {
    throw new StartError(`DROVER_TEMPORAL_ADDRESS: no Temporal server answers at ${address} (${messageOf(error)})`);
  }
}

async function describe(connection: Connection, namespace: string, address: string): Promise<void> {
  try {
    await connection.workflowService.describeNamespace({ namespace });
  } catch (error) {
    if (!hasCode(error, NOT_FOUND)) throw error;
    throw new StartError(
      `DROVER_TEMPORAL_NAMESPACE: ${address} has no namespace ${namespace}; make it with: ` +
        `temporal operator namespace create -n ${namespace} --retention ${RETENTION_SECONDS}s`,
    );
  }
}

async function extendRetention(connection: Connection, namespace: string): Promise<void> {
  const { config } = await connection.workflowService.describeNamespace({ namespace });
  if (Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) >= RETENTION_SECONDS) return;
  const workflowExecutionRetentionTtl = msToTs(RETENTION_SECONDS * 1000);
  await connection.workflowService.updateNamespace({ namespace, config: { workflowExecutionRetentionTtl } });
}

async function addSearchAttributes(connection: Connection, namespace: string): Promise<void> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = SEARCH_ATTRIBUTES.filter((name) => !Object.hasOwn(customAttributes, name));
  if (missing.length === 0) return;
  const keyword = temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD;
  try {
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing.map((name) => [name, keyword])),
    });
  } catch (error) {
    // Another process at its own start was faster.
    if (!hasCode(error, ALREADY_EXISTS)) throw error;
  }
}

async function orExplain(log: (line: string) => void, mend: string, change: () => Promise<void>): Promise<void> {
  try {
    await change();
  } catch (error) {
    log(`${mend} (the Temporal server answered: ${messageOf(error)})`);
  }
}

function mendRetention(namespace: string): string {
  return (
    `the retention of namespace ${namespace} could not be set: closed runs of living sessions may be deleted; ` +
    `set it with: temporal operator namespace update -n ${namespace} --retention ${RETENTION_SECONDS}s`
  );
}

function mendAttributes(namespace: string): string {
  const names = SEARCH_ATTRIBUTES.map((name) => `--name ${name} --type Keyword`).join(' ');
  return (
    `search attributes of namespace ${namespace} could not be registered: sessions will fail to start without them; ` +
    `register them with: temporal operator search-attribute create -n ${namespace} ${names}`
  );
}

function hasCode(error: unknown, code: number): boolean {
  const actual: number | undefined = isGrpcServiceError(error) ? error.code : undefined;
  return actual === code;
}

function messageOf(error: unknown): string {
  return isGrpcServiceError(error) ? error.details || error.message : String(error);
}
