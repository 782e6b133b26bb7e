import { createMounts, type Mounts } from '../mounts/mounts.js';

interface MountsDeps {
  log: (line: string) => void;
}

/** What this server's sandboxes hold beside their workspaces. */
export function openMounts({ log }: MountsDeps): Mounts {
  const onError = (sessionId: string, error: unknown): void =>
    log(`what ${sessionId} has written is taken in later: ${String(error)}`);
  return createMounts([], onError);
}
