import { createBubblewrapSandboxes } from './bubblewrap.js';
import { createDockerSandboxes } from './docker.js';
import type { Sandboxes } from './sandbox.js';

interface SandboxesConfig {
  /** `auto` takes Docker where it works, then bubblewrap. A backend asked for by name is never replaced by another. */
  backend: 'auto' | 'docker' | 'bubblewrap';
  dataDir: string;
  dataId: string;
  image?: string;
  runtime?: string;
}

export interface SelectedSandboxes {
  sandboxes: Sandboxes;
  /** Limits that are weaker here than asked for, and why a better backend was passed over. */
  notes: string[];
}

const defaultImage = 'drover-sandbox:latest';

/** The backend to run commands in. Throws with every reason when there is none: nothing ever runs unconfined. */
export async function selectSandboxes(config: SandboxesConfig): Promise<SelectedSandboxes> {
  const { backend } = config;
  const candidates = [
    ...(backend === 'bubblewrap' ? [] : [docker(config)]),
    ...(backend === 'docker' ? [] : [createBubblewrapSandboxes(config)]),
  ];
  const reasons: string[] = [];
  for (const sandboxes of candidates) {
    const { ok, why } = await sandboxes.check();
    if (why) reasons.push(`${sandboxes.backend}: ${why}`);
    if (ok) return { sandboxes, notes: reasons };
    await sandboxes.close();
  }
  throw new Error(`no sandbox can run here. ${reasons.join('. ')}`);
}

const docker = ({ dataDir, dataId, image = defaultImage, runtime }: SandboxesConfig): Sandboxes =>
  createDockerSandboxes({ dataDir, dataId, image, ...(runtime !== undefined && { runtime }) });
