import { existsSync } from 'node:fs';
import path from 'node:path';

/** A file of the package that is not compiled, found from the sources and from `dist` alike. */
export function sourceFile(...segments: string[]): string {
  let directory = __dirname;
  for (;;) {
    const file = path.join(directory, ...segments);
    if (existsSync(file)) return file;
    const parent = path.dirname(directory);
    if (parent === directory) throw new Error(`${segments.join('/')} is missing from this installation`);
    directory = parent;
  }
}
