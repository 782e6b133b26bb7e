import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { isNativeError } from 'node:util/types';
import Docker from 'dockerode';
import type { Config } from '../config/config.js';
import type { Finding } from './doctor-finding.js';

/** Docker's engine and bubblewrap, each tried; only what the configuration asks for counts as missing. */
export async function checkSandboxes({ sandbox }: Config): Promise<Finding[]> {
  const [docker, bubblewrap] = await Promise.all([checkDocker(sandbox.image), checkBubblewrap()]);
  const enough = sandbox.backend === 'auto' ? docker.state === 'ok' || bubblewrap.state === 'ok' : undefined;
  return [
    enough || sandbox.backend === 'bubblewrap' ? asNote(docker) : docker,
    enough || sandbox.backend === 'docker' ? asNote(bubblewrap) : bubblewrap,
  ];
}

const TRY_MS = 5000;

async function checkDocker(image: string | undefined): Promise<Finding> {
  const what = 'Docker';
  const docker = new Docker({ timeout: TRY_MS });
  try {
    const { Version } = await docker.version();
    const found = `engine ${Version}${image === undefined ? '' : `, image ${image}`}`;
    if (image === undefined) return { state: 'ok', what, found };
    await docker.getImage(image).inspect();
    return { state: 'ok', what, found };
  } catch (error) {
    if (isNotFound(error)) {
      return {
        state: 'missing',
        what,
        found: `no image ${image}`,
        mend: `pull or build it, or unset DROVER_SANDBOX_IMAGE`,
      };
    }
    const mend = 'start the Docker engine (and let this user reach its socket), or use bubblewrap';
    return { state: 'missing', what, found: 'no engine answers', mend };
  }
}

async function checkBubblewrap(): Promise<Finding> {
  const what = 'bubblewrap';
  try {
    await promisify(execFile)('bwrap', ['--unshare-all', '--ro-bind', '/', '/', 'true'], { timeout: TRY_MS });
    const { stdout } = await promisify(execFile)('bwrap', ['--version'], { timeout: TRY_MS });
    return { state: 'ok', what, found: `${stdout.trim()}, makes a sandbox` };
  } catch (error) {
    return { state: 'missing', what, ...whyNot(error) };
  }
}

function whyNot(error: unknown): Pick<Finding, 'found' | 'mend'> {
  if (isNativeError(error) && 'code' in error && error.code === 'ENOENT') {
    return { found: 'not installed', mend: 'install it (Debian: apt-get install bubblewrap), or use Docker' };
  }
  const stderr = isNativeError(error) && 'stderr' in error ? String(error.stderr).trim() : '';
  const mend = 'allow user namespaces (sysctl kernel.unprivileged_userns_clone=1), or run as root, or use Docker';
  return { found: `cannot make a sandbox: ${stderr || 'it failed'}`, mend };
}

function isNotFound(error: unknown): boolean {
  return isNativeError(error) && 'statusCode' in error && error.statusCode === 404;
}

function asNote(finding: Finding): Finding {
  return finding.state === 'missing' ? { ...finding, state: 'note' } : finding;
}
