import { execFileSync } from 'node:child_process';

export interface Backend {
  name: 'bubblewrap' | 'docker';
  env: NodeJS.ProcessEnv;
}

export interface Backends {
  available: Backend[];
  /** Why one is not. */
  missing: Partial<Record<Backend['name'], string>>;
}

/** The sandbox backends of this machine; of Docker's images the configured one, else what the build scripts make. */
export function findBackends(): Backends {
  const backends: Backends = { available: [], missing: {} };
  if (works('bwrap', '--unshare-pid', '--ro-bind', '/', '/', 'true')) {
    backends.available.push({ name: 'bubblewrap', env: {} });
  } else backends.missing.bubblewrap = 'bubblewrap is missing or may not make namespaces here';
  const images = [process.env['DROVER_SANDBOX_IMAGE'], 'drover-sandbox:latest', 'drover-sandbox:test'];
  const image = images.find((name) => name !== undefined && works('docker', 'image', 'inspect', name));
  if (image === undefined) backends.missing.docker = 'no Docker engine answers that has an image for sandboxes';
  else backends.available.push({ name: 'docker', env: { DROVER_SANDBOX_IMAGE: image } });
  return backends;
}

/** The containers, running or not, that were made for a data directory. */
export function containersOf(dataId: string): string[] {
  const listed = execFileSync('docker', ['ps', '-aq', '--filter', `label=drover.data=${dataId}`], { encoding: 'utf8' });
  return listed.split('\n').filter(Boolean);
}

export function removeContainers(ids: string[]): void {
  if (ids.length > 0) execFileSync('docker', ['rm', '-f', ...ids], { stdio: 'ignore' });
}

function works(command: string, ...args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore', timeout: 20_000 });
    return true;
  } catch {
    return false;
  }
}
