import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A secret as it might be found: plain, percent-encoded, in JSON, in hex, and inside any base64. */
export function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const inBase64 = [0, 1, 2].flatMap((shift) => {
    const whole = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
    // What a neighbour would have a part in is left out.
    const own = whole
      .slice(shift === 0 ? 0 : 4)
      .replace(/=*$/, '')
      .slice(0, -1);
    return [own, own.replaceAll('+', '-').replaceAll('/', '_')];
  });
  return [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1), bytes.toString('hex'), ...inBase64];
}

/** Where the secrets are found: each finding is a place and the form. */
export function findPlanted(secrets: readonly string[], places: Readonly<Record<string, string | Buffer>>): string[] {
  return Object.entries(places).flatMap(([place, content]) => {
    const bytes = Buffer.from(content);
    const found = secrets.flatMap(formsOf).filter((form) => bytes.includes(form));
    return found.map((form) => `${place}: ${form}`);
  });
}

/** Every file below a directory, as it is at the moment. */
export function filesBelow(dir: string): Record<string, Buffer> {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(files.map(({ parentPath, name }) => [name, readFileSync(join(parentPath, name))]));
}
