/** The ids in a text. */
export const ID = /\b[a-z]+_[1-9A-HJ-NP-Za-km-z]{24}\b/g;

/** The text with ids that nobody has: an id is random, and so is it turned around. */
export function unknownIds(text: string): string {
  return text.replaceAll(ID, (id) => {
    const start = id.lastIndexOf('_') + 1;
    return id.slice(0, start) + Array.from(id.slice(start)).toReversed().join('');
  });
}
