import type { LogEntry, LoggedEvent } from '../session/history.js';

/** An entry on one line: its number, its time, what it is, and the beginning of what it says. */
export function describeEntry(entry: LogEntry): string {
  const { what, which, says } = partsOf(entry);
  const time = new Date(entry.at).toISOString();
  return `${String(entry.seq).padStart(5)}  ${time}  ${what.padEnd(WIDEST)}  ${which}  ${says}`.trimEnd();
}

interface Parts {
  what: string;
  which: string;
  says: string;
}

/** Entries that are no events of the list stand in brackets. */
function partsOf(entry: LogEntry): Parts {
  switch (entry.kind) {
    case 'event':
      return {
        what: entry.event.type,
        which: entry.event.id,
        says: `${entry.queued ? '(queued) ' : ''}${bodyOf(entry.event)}`,
      };
    case 'processed':
      return { what: '(processed)', which: entry.id, says: '' };
    case 'assistant': {
      const { content, stop_reason } = entry.reply;
      return { what: '(reply)', which: content.map(({ type }) => type).join(', '), says: stop_reason ?? 'interrupted' };
    }
    case 'summary': {
      const { through, content } = entry.summary;
      const text = content.map((block) => (block.type === 'text' ? block.text : '')).join(' ');
      return { what: '(summary)', which: `of entries 1 to ${through}`, says: text.slice(0, LONGEST) };
    }
    default:
      return unreachable(entry);
  }
}

const WIDEST = 'session.thread_status_rescheduled'.length;
const LONGEST = 100;

function bodyOf({ id: _id, type: _type, ...fields }: LoggedEvent): string {
  if (Object.keys(fields).length === 0) return '';
  const text = JSON.stringify(fields);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

function unreachable(entry: never): never {
  throw new Error(`Unknown log entry ${JSON.stringify(entry)}`);
}
