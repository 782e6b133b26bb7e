import type { MountPart } from './mounts.js';

/** A repository that a session is to work with. */
export interface Repository {
  url: string;
  mount_path: string;
}

/** Repositories are not cloned yet; the agent is told, and can tell the user. */
export function createRepositories(repositoriesOf: (sessionId: string) => Promise<Repository[]>): MountPart {
  return {
    prepare: async () => [],
    collect: async () => {},
    async describe(sessionId) {
      const told = (await repositoriesOf(sessionId)).map(({ url, mount_path }) => `${url} (for ${mount_path})`);
      if (told.length === 0) return undefined;
      return `Repositories that the user gave you could not be cloned, and are not there: ${told.join(', ')}. Say so when you would need them.`;
    },
    remove: async () => {},
  };
}
