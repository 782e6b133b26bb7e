import { invalid } from '../validate.js';

/** Below it are a session's files. */
const UPLOADS = '/mnt/session/uploads';
const WORKSPACE = '/workspace';
const MAX_NAME_BYTES = 255;
const MAX_PATH_BYTES = 1_024;

/**
 * Where a file is mounted: `asked` is taken below the uploads' directory, unless it lies there already; without it the
 * file's id is its name.
 */
export function filePath(asked: string | null | undefined, fileId: string, field: string): string {
  if (asked == null) return `${UPLOADS}/${fileId}`;
  const path = asked.startsWith(`${UPLOADS}/`) ? asked.slice(UPLOADS.length) : asked;
  return `${UPLOADS}${checkPath(path, field)}`;
}

/** Where a repository is to be: below the workspace; by default under its own name. */
export function repositoryPath(asked: string | null | undefined, name: string, field: string): string {
  if (asked == null) return `${WORKSPACE}/${name}`;
  if (!asked.startsWith(`${WORKSPACE}/`)) throw invalid(field, `must lie below ${WORKSPACE}`);
  return checkPath(asked, field);
}

/** No path twice, and none below another: a file is not a directory, too. */
export function checkCollisions(paths: readonly { path: string; field: string }[]): void {
  const seen = new Map(paths.map(({ path }) => [path, 0]));
  for (const { path, field } of paths) {
    const count = (seen.get(path) ?? 0) + 1;
    seen.set(path, count);
    if (count > 1) throw invalid(field, `another resource is mounted at ${path}`);
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const above = path.slice(0, end);
      if (seen.has(above)) throw invalid(field, `${path} lies below ${above}, where another resource is mounted`);
    }
  }
}

function checkPath(path: string, field: string): string {
  if (!path.startsWith('/')) throw invalid(field, 'must begin with /');
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) throw invalid(field, `must have at most ${MAX_PATH_BYTES} bytes`);
  for (const name of path.slice(1).split('/')) {
    if (name === '' || name === '.' || name === '..') throw invalid(field, 'must have no empty, . or .. part');
    if (Buffer.byteLength(name) > MAX_NAME_BYTES) throw invalid(field, 'has a part that is too long');
    if (/[\p{Cc}\u2028\u2029\uFFFD\p{Cs}]/u.test(name)) throw invalid(field, 'must have no control characters');
  }
  return path;
}
