import { join } from 'node:path';
import { isNativeError } from 'node:util/types';
import Docker from 'dockerode';
import type { Config } from '../config/config.js';
import { createBubblewrapSandboxes } from '../sandbox/bubblewrap.js';
import type { Sandboxes } from '../sandbox/sandbox.js';
import type { Finding } from './doctor-finding.js';

/** Docker's engine and bubblewrap, each tried; only what the configuration asks for counts as missing. */
export async function checkSandboxes(config: Config): Promise<Finding[]> {
  // Only asked whether it works: it makes nothing there.
  const dataDir = join(config.dataDir, 'doctor');
  const [docker, bubblewrap] = await Promise.all([
    checkDocker(config.sandbox.image),
    checkBackend('bubblewrap', createBubblewrapSandboxes({ dataDir, dataId: 'doctor' }), MEND_BUBBLEWRAP),
  ]);
  const wished = config.sandbox.backend;
  const isEnough = wished === 'auto' && (docker.state === 'ok' || bubblewrap.state === 'ok');
  return [
    isEnough || wished === 'bubblewrap' ? asNote(docker) : docker,
    isEnough || wished === 'docker' ? asNote(bubblewrap) : bubblewrap,
  ];
}

const TRY_MS = 5000;
const MEND_BUBBLEWRAP =
  'make it work (Debian: apt-get install bubblewrap; in a container allow namespaces), or use Docker';
const MEND_DOCKER = 'start the Docker engine and let this user reach its socket, or use bubblewrap';

async function checkBackend(what: string, sandboxes: Sandboxes, mend: string): Promise<Finding> {
  const { ok, why } = await sandboxes.check();
  await sandboxes.close();
  if (!ok) return { state: 'missing', what, found: why ?? 'it does not work here', mend };
  return { state: 'ok', what, found: why === undefined ? 'makes a sandbox' : `makes a sandbox, but: ${why}` };
}

async function checkDocker(image: string | undefined): Promise<Finding> {
  const what = 'Docker';
  const docker = new Docker({ timeout: TRY_MS });
  try {
    const { Version } = await docker.version();
    if (image !== undefined) await docker.getImage(image).inspect();
    return { state: 'ok', what, found: `engine ${Version}${image === undefined ? '' : `, image ${image}`}` };
  } catch (error) {
    if (image === undefined || !isNotFound(error)) {
      return { state: 'missing', what, found: 'no engine answers', mend: MEND_DOCKER };
    }
    const mend = 'pull or build it, or unset DROVER_SANDBOX_IMAGE';
    return { state: 'missing', what, found: `no image ${image}`, mend };
  }
}

function isNotFound(error: unknown): boolean {
  return isNativeError(error) && 'statusCode' in error && error.statusCode === 404;
}

function asNote(finding: Finding): Finding {
  return finding.state === 'missing' ? { ...finding, state: 'note' } : finding;
}
