import { decode, newDecoder, type Decoder } from '../../src/session/history.js';
import { decodeRuns, readGolden, toHistory } from '../replay/golden.js';

const runsOf = (name: string): unknown[] => readGolden().find((golden) => golden.name === name)?.runs ?? [];
const eventsIn = (run: unknown) => toHistory(run).events ?? [];
const eventsOf = (name: string) => runsOf(name).map(eventsIn);

test('a decoder that is put away and taken out again at every event reads the same', () => {
  // Each version has sessions of the same names.
  for (const { runs, log } of readGolden()) {
    // What is no session has no log.
    if (log === undefined) continue;
    const decoded = runs.map(eventsIn).flatMap((events) => {
      let decoder: Decoder = newDecoder();
      return events.flatMap((event) => {
        decoder = JSON.parse(JSON.stringify(decoder));
        return decode(decoder, event);
      });
    });
    expect(JSON.parse(JSON.stringify(decoded))).toEqual(log);
  }
});

test('P2: what it keeps is what no entry has referred to yet: nothing, once a run is at rest', () => {
  for (const [run] of ['text', 'tools', 'retry', 'updates'].map(eventsOf)) {
    const decoder = newDecoder();
    for (const event of run ?? []) decode(decoder, event);
    expect(decoder).toEqual(newDecoder());
  }
});

test('events of workflow tasks make no difference: a server may show some that are never committed', () => {
  const [events = []] = eventsOf('tools');
  const decoder = newDecoder();
  const kept = events.filter((event) => !Object.keys(event).some((key) => key.startsWith('workflowTask')));
  expect(kept.length).toBeLessThan(events.length);
  const decoded = kept.flatMap((event) => decode(decoder, event));
  expect(JSON.parse(JSON.stringify(decoded))).toEqual(decodeRuns(runsOf('tools').slice(0, 1)));
});

test('an entry whose activity is not in the history is an error, not half an event', () => {
  const [events = []] = eventsOf('text');
  const decoder = newDecoder();
  const torn = events.filter((event) => !event.activityTaskCompletedEventAttributes);
  expect(() => torn.flatMap((event) => decode(decoder, event))).toThrow(/no result of activity model_\d+ before/);
});

test('a chain of runs has one beginning, and names the run that follows', () => {
  const decoded = decodeRuns(runsOf('continued-as-new'));
  expect(decoded.filter(({ type }) => type === 'start')).toHaveLength(1);
  expect(decoded.filter(({ type }) => type === 'next_run')).toHaveLength(runsOf('continued-as-new').length - 1);
  const seqs = decoded.flatMap((item) => (item.type === 'entry' ? [item.entry.seq] : []));
  expect(seqs).toEqual(seqs.map((_, index) => index + 1));
});
