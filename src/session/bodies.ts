import type { Blobs } from './blobs.js';

/**
 * Keeps Temporal's payloads small: in a detached value every long string is a reference to a blob. What a value says by
 * itself is never mistaken for a reference: an object that has the marker's key is itself put into a blob.
 */
const MARKER = '$drover_blob';
/** Strings up to this many UTF-16 units stay where they are. */
const LONGEST_INLINE = 16_384;
/**
 * A value that is still larger than this, by its many short strings, goes into one blob. Temporal's limit for all that
 * is written at once is 2 MiB.
 */
const LARGEST_VALUE = 262_144;

export async function detach<T>(value: T, sessionId: string, blobs: Blobs, largest = LARGEST_VALUE): Promise<T> {
  const put = async (part: unknown): Promise<unknown> => ({
    [MARKER]: await blobs.put(sessionId, Buffer.from(JSON.stringify(part))),
  });
  const walk = async (part: unknown): Promise<unknown> => {
    if (typeof part === 'string') return part.length > LONGEST_INLINE ? put(part) : part;
    if (typeof part !== 'object' || part === null) return part;
    if (Object.hasOwn(part, MARKER)) return put(part);
    if (Array.isArray(part)) return Promise.all(part.map(walk));
    const fields = await Promise.all(Object.entries(part).map(async ([key, field]) => [key, await walk(field)]));
    return Object.fromEntries(fields);
  };
  const small = isSmall(value) ? value : await walk(value);
  // The shape differs from T only by references, which `attach` takes back before anybody reads them.
  return (JSON.stringify(small).length > largest ? await put(value) : small) as T;
}

/** Most values have nothing to be put into a blob, and are seen so without a promise for each of their parts. */
function isSmall(part: unknown): boolean {
  if (typeof part === 'string') return part.length <= LONGEST_INLINE;
  if (typeof part !== 'object' || part === null) return true;
  return !Object.hasOwn(part, MARKER) && Object.values(part).every(isSmall);
}

/** Detaches each field of an object by itself: the object keeps its shape for code that reads its short fields. */
export async function detachFields<T extends object>(
  value: T,
  sessionId: string,
  blobs: Blobs,
  largest = LARGEST_VALUE,
): Promise<T> {
  const fields = await Promise.all(
    Object.entries(value).map(async ([key, field]) => [key, await detach(field, sessionId, blobs, largest)]),
  );
  return Object.fromEntries(fields) as T;
}

/** Fields that are shorter are never worth a blob. */
const SMALLEST_SHARE = 256;

/** Detaches the fields of objects that travel together, so that they are small together, however many they are. */
export async function detachAll<T extends object>(values: T[], sessionId: string, blobs: Blobs): Promise<T[]> {
  const share = Math.max(SMALLEST_SHARE, Math.floor(LARGEST_VALUE / Math.max(1, values.length)));
  return Promise.all(values.map((value) => detachFields(value, sessionId, blobs, share)));
}

/** The value as it was before `detach`. The part `plain` was never detached, whatever stands in it. */
export async function attach<T>(value: T, sessionId: string, blobs: Blobs, plain?: unknown): Promise<T> {
  if (!refers(value, plain)) return value;
  const walk = async (part: unknown): Promise<unknown> => {
    if (typeof part !== 'object' || part === null || part === plain) return part;
    if (Array.isArray(part)) return Promise.all(part.map(walk));
    const key = Object.getOwnPropertyDescriptor(part, MARKER)?.value;
    if (typeof key === 'string') return JSON.parse(Buffer.from(await blobs.get(sessionId, key)).toString());
    const fields = await Promise.all(Object.entries(part).map(async ([name, field]) => [name, await walk(field)]));
    return Object.fromEntries(fields);
  };
  return (await walk(value)) as T;
}

function refers(part: unknown, plain: unknown): boolean {
  if (typeof part !== 'object' || part === null || part === plain) return false;
  if (typeof Object.getOwnPropertyDescriptor(part, MARKER)?.value === 'string') return true;
  return Object.values(part).some((field) => refers(field, plain));
}
