import { join } from 'node:path';
import type { Config } from '../config/config.js';
import { createBubblewrapSandboxes } from '../sandbox/bubblewrap.js';
import { createDockerSandboxes } from '../sandbox/docker.js';
import type { Sandboxes } from '../sandbox/sandbox.js';
import { canProvideBubblewrap, isOnPath } from './bubblewrap-package.js';
import type { Finding } from './doctor-finding.js';

/** Docker and bubblewrap, each tried; only what the configuration asks for counts as missing. */
export async function checkSandboxes({ dataDir, sandbox }: Config, env: NodeJS.ProcessEnv): Promise<Finding[]> {
  const { backend: wished, image, runtime } = sandbox;
  // They are only asked whether they work, and make nothing there.
  const place = { dataDir: join(dataDir, 'doctor'), dataId: 'doctor' };
  const [docker, bubblewrap] = await Promise.all([
    check('Docker', createDockerSandboxes({ ...place, image, ...(runtime === undefined ? {} : { runtime }) })),
    (await isFetched(env)) ? FETCHED : check('bubblewrap', createBubblewrapSandboxes(place)),
  ]);
  const isEnough = wished === 'auto' && (docker.state === 'ok' || bubblewrap.state !== 'missing');
  return [
    isEnough || wished === 'bubblewrap' ? asNote(docker) : docker,
    isEnough || wished === 'docker' ? asNote(bubblewrap) : bubblewrap,
  ];
}

const FETCHED: Finding = {
  state: 'note',
  what: 'bubblewrap',
  found: 'not installed: fetched with apt-get when it is needed',
};

async function isFetched(env: NodeJS.ProcessEnv): Promise<boolean> {
  return !(await isOnPath('bwrap', env)) && (await canProvideBubblewrap(env));
}

async function check(what: string, sandboxes: Sandboxes): Promise<Finding> {
  const { ok, why } = await sandboxes.check();
  await sandboxes.close();
  if (!ok) return { state: 'missing', what, found: why ?? 'it does not work here' };
  return { state: 'ok', what, found: why === undefined ? 'makes sandboxes' : `makes sandboxes, but: ${why}` };
}

function asNote(finding: Finding): Finding {
  return finding.state === 'missing' ? { ...finding, state: 'note' } : finding;
}
