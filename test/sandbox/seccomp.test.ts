import { seccompFilter } from '../../src/sandbox/seccomp-filter.js';
import { seccompProfile } from '../../src/sandbox/seccomp-profile.js';
import {
  clone3Call,
  cloneCall,
  cloneNewMask,
  deniedCalls,
  ioctlCall,
  tiocsti,
} from '../../src/sandbox/seccomp-rules.js';

const allow = 0x7fff0000;
const eperm = 0x00050001;
const enosys = 0x00050026;
const kill = 0x80000000;
const arches = { x64: 0xc000003e, arm64: 0xc00000b7 } as const;

interface Call {
  number: number;
  arch?: number;
  args?: number[];
}

/** Runs the program as the kernel would, for the instructions it is made of. */
function judge(program: Buffer, { number, arch = 0, args = [] }: Call): number {
  const data = Buffer.alloc(64);
  data.writeUInt32LE(number, 0);
  data.writeUInt32LE(arch, 4);
  for (const [index, value] of args.entries()) data.writeUInt32LE(value >>> 0, 16 + 8 * index);
  let accumulator = 0;
  for (let at = 0; at < program.length / 8; at += 1) {
    const value = program.readUInt32LE(at * 8 + 4);
    const jump = (isTrue: boolean) => (at += program.readUInt8(at * 8 + (isTrue ? 2 : 3)));
    switch (program.readUInt16LE(at * 8)) {
      case 0x20:
        accumulator = data.readUInt32LE(value);
        break;
      case 0x06:
        return value;
      case 0x15:
        jump(accumulator === value);
        break;
      case 0x35:
        jump(accumulator >= value);
        break;
      case 0x45:
        jump((accumulator & value) !== 0);
        break;
      default:
        throw new Error('an instruction the kernel would refuse');
    }
  }
  throw new Error('the program ran off its end');
}

describe.each(['x64', 'arm64'] as const)('the filter for %s', (name) => {
  const program = seccompFilter(name);
  const arch = arches[name];
  const column = name === 'x64' ? 0 : 1;
  const denied = new Set(Object.values(deniedCalls).map((numbers) => numbers[column]));

  test('denies the calls of the table and no other', () => {
    for (let number = 0; number < 470; number += 1) {
      const expected = denied.has(number) ? eperm : number === clone3Call ? enosys : allow;
      expect({ number, answer: judge(program, { number, arch }) }).toEqual({ number, answer: expected });
    }
  });

  test('judges clone by its flags and ioctl by its request', () => {
    for (let bit = 0; bit < 32; bit += 1) {
      const flags = 2 ** bit;
      const expected = (flags & cloneNewMask) === 0 ? allow : eperm;
      expect(judge(program, { number: cloneCall[name], arch, args: [flags | 17] })).toBe(expected);
    }
    expect(judge(program, { number: ioctlCall[name], arch, args: [0, tiocsti] })).toBe(eperm);
    expect(judge(program, { number: ioctlCall[name], arch, args: [tiocsti, 0x5401] })).toBe(allow);
  });

  test('kills who calls by another table of numbers', () => {
    expect(judge(program, { number: 0, arch: 0x40000003 })).toBe(kill);
    expect(judge(program, { number: 0, arch: arches[name === 'x64' ? 'arm64' : 'x64'] })).toBe(kill);
  });

  test('fits into what the kernel takes', () => expect(program.length / 8).toBeLessThan(4096));
});

test('x64 does not take the x32 numbers, which its table does not know', () => {
  expect(judge(seccompFilter('x64'), { number: 0x40000000 + 101, arch: arches.x64 })).toBe(eperm);
});

test('no number is in the table twice', () => {
  for (const column of [0, 1] as const) {
    const numbers = Object.values(deniedCalls).flatMap((call) => call[column] ?? []);
    expect(new Set(numbers).size).toBe(numbers.length);
  }
});

test('the engine’s profile names the same calls', () => {
  // Made from the table just now.
  const { syscalls } = JSON.parse(seccompProfile()) as { syscalls: { names: string[] }[] };
  expect(syscalls[0]?.names).toEqual(Object.keys(deniedCalls));
  expect(syscalls.slice(1).map(({ names }) => names[0])).toEqual([
    'clone3',
    ...Array<string>(7).fill('clone'),
    'ioctl',
    'ioctl',
  ]);
});
