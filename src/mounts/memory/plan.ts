/** A file of a store's directory. */
export type Local =
  | { fit: true; sha256: string }
  // It is there, and cannot be a memory: it is neither taken for one nor for deleted.
  | { fit: false };

export interface Sides {
  /** What was the same on both sides when last looked at: hashes by path. */
  seen: ReadonlyMap<string, string>;
  local: ReadonlyMap<string, Local>;
  /** The store's memories. */
  remote: ReadonlyMap<string, string>;
  /** False when not all of the directory was looked at: then what was not found is not taken for deleted. */
  isWhole: boolean;
}

/** What is to be done about each path that is not settled. */
export interface Plan {
  /** The file goes into the store, or with it the memory. */
  push: string[];
  /** The memory goes into the directory, or with it the file. */
  pull: string[];
  /** Both are the same, and that is new. */
  same: string[];
}

/**
 * Who has changed since both were the same is followed by the other. Where both have, the store wins; but a file that was
 * written is kept when its memory was deleted.
 */
export function planSync(sides: Sides): Plan {
  const plan: Plan = { push: [], pull: [], same: [] };
  const paths = new Set([...sides.seen.keys(), ...sides.local.keys(), ...sides.remote.keys()]);
  for (const path of paths) {
    const action = actionFor(path, sides);
    if (action) plan[action].push(path);
  }
  return plan;
}

function actionFor(path: string, { seen, local, remote, isWhole }: Sides): keyof Plan | undefined {
  const was = seen.get(path);
  const theirs = remote.get(path);
  const file = local.get(path);
  if ((file && !file.fit) || (!file && !isWhole && was !== undefined)) {
    if (theirs === was) return undefined;
    return theirs === undefined ? 'same' : 'pull';
  }
  const ours = file?.sha256;
  if (ours === theirs) return theirs === was ? undefined : 'same';
  if (ours === was) return 'pull';
  return theirs === was || theirs === undefined ? 'push' : 'pull';
}
