import { readFileSync } from 'node:fs';
import { answerAsTold, script } from '../../bench/drive/replies.js';
import { cpuMs, processesOf, residentMb } from '../../bench/drive/processes.js';
import { summarize } from '../../bench/statistics.js';
import { describeLimit, judge } from '../../bench/verdict.js';

const user = (text: string) => ({ role: 'user' as const, content: [{ type: 'text' as const, text }] });
const assistant = { role: 'assistant' as const, content: 'said' };
const ask = (...messages: (ReturnType<typeof user> | typeof assistant)[]) =>
  answerAsTold({ body: { model: 'm', max_tokens: 1, messages } });

describe('statistics', () => {
  test('are of the samples, in whatever order they came', () => {
    expect(summarize([5, 1, 4, 2, 3])).toEqual({ n: 5, p50: 3, p95: 4.8, min: 1, max: 5 });
    expect(summarize([7])).toEqual({ n: 1, p50: 7, p95: 7, min: 7, max: 7 });
  });
});

describe('a verdict', () => {
  const floor = [20, 20];

  test('passes when every limit is kept', () => {
    expect(judge({ id: 'text', samples: [30, 30], floor })).toMatchObject({ p50: 30, ratio: 1.5, passed: true });
    expect(judge({ id: 'text', samples: [31, 31], floor })).toMatchObject({ passed: false });
    expect(judge({ id: 'throughput', samples: [60], floor: [75] })).toMatchObject({ ratio: 0.8, passed: true });
    expect(judge({ id: 'throughput', samples: [60], floor: [76] })).toMatchObject({ passed: false });
  });

  test('allows a tool turn its share of the floor', () => {
    expect(judge({ id: 'tool_bubblewrap', samples: [71], floor })).toMatchObject({ passed: true });
    expect(judge({ id: 'tool_bubblewrap', samples: [72], floor })).toMatchObject({ passed: false });
  });

  test('never passes what has no samples, or no floor where one is needed', () => {
    expect(judge({ id: 'ack', samples: [] })).toMatchObject({ passed: false });
    expect(judge({ id: 'text', samples: [1] })).toMatchObject({ passed: false });
    expect(judge({ id: 'tool_docker', samples: [1] })).toMatchObject({ passed: false });
  });

  test('leaves open what has no target', () => {
    expect(judge({ id: 'idle_temporal', samples: [300] })).toMatchObject({ passed: null });
  });

  test('says its limits as they are', () => {
    expect(describeLimit({ of: 'p50', atMost: 45, plusFloors: 1.3 })).toBe('p50 ≤ 45 + 1.3 floors');
    expect(describeLimit({ of: 'ratio', atLeast: 0.8 })).toBe('ratio ≥ 0.8');
  });
});

describe('the upstream is told what to reply by the message', () => {
  test('one reply a request, counted from the last message', () => {
    const text = script({ firstTokenMs: 1 }, { firstTokenMs: 2 });
    expect(ask(user(text))).toEqual({ firstTokenMs: 1 });
    expect(ask(user('before'), assistant, user(text), assistant)).toEqual({ firstTokenMs: 2 });
    expect(ask(user(text), assistant, assistant)).toEqual({});
    expect(ask(user('hello'))).toEqual({});
  });
});

describe('processes', () => {
  test('have memory and CPU time', () => {
    expect(residentMb(process.pid)).toBeCloseTo(process.memoryUsage().rss / 1e6, -2);
    const { user, system } = process.cpuUsage();
    expect(Math.abs(cpuMs(process.pid) - (user + system) / 1000)).toBeLessThan(200);
  });

  test('are found by what they were started with', () => {
    const [, script = ''] = readFileSync(`/proc/${process.pid}/cmdline`, 'utf8').split('\0');
    expect(processesOf(script, [])).toContain(process.pid);
    expect(processesOf('/no/such/directory', [])).toEqual([]);
  });
});
