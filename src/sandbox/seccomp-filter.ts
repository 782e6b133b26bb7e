import {
  clone3Call,
  cloneCall,
  cloneNewMask,
  deniedCalls,
  ioctlCall,
  tioclinux,
  tiocsti,
  type FilterArch,
} from './seccomp-rules.js';

const auditArch = { x64: 0xc000003e, arm64: 0xc00000b7 } as const;
const answer = { allow: 0x7fff0000, kill: 0x80000000, eperm: 0x00050001, enosys: 0x00050026 } as const;
/** Where the kernel puts what a filter may look at (struct seccomp_data); arguments by their low half. */
const field = { call: 0, arch: 4, argument: (n: number) => 16 + 8 * n } as const;

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, value: number];

/** The deny table as a classic BPF program, in the bytes bubblewrap's --seccomp takes. */
export function seccompFilter(arch: FilterArch): Buffer {
  const column = arch === 'x64' ? 0 : 1;
  const numbers = Object.values(deniedCalls).flatMap((call) => call[column] ?? []);
  const program = [
    ...load(field.arch),
    // A call by another architecture's table (32 bit) has other numbers: no way to judge it.
    ...unless(auditArch[arch], answer.kill),
    ...load(field.call),
    // The x32 table shares its architecture with x64.
    ...(arch === 'x64' ? atLeast(0x40000000, answer.eperm) : []),
    ...numbers.flatMap((number) => when(number, answer.eperm)),
    ...when(clone3Call, answer.enosys),
    ...forCall(cloneCall[arch], [...load(field.argument(0)), ...whenAny(cloneNewMask, answer.eperm)]),
    ...forCall(ioctlCall[arch], [
      ...load(field.argument(1)),
      ...when(tiocsti, answer.eperm),
      ...when(tioclinux, answer.eperm),
    ]),
    finish(answer.allow),
  ];
  return encode(program);
}

const load = (offset: number): Instruction[] => [[0x20, 0, 0, offset]];
const finish = (value: number): Instruction => [0x06, 0, 0, value];
const when = (value: number, then: number): Instruction[] => [[0x15, 0, 1, value], finish(then)];
const unless = (value: number, then: number): Instruction[] => [[0x15, 1, 0, value], finish(then)];
const atLeast = (value: number, then: number): Instruction[] => [[0x35, 0, 1, value], finish(then)];
const whenAny = (bits: number, then: number): Instruction[] => [[0x45, 0, 1, bits], finish(then)];

// The body looks at an argument; whoever follows finds the call's number loaded again.
function forCall(number: number, body: Instruction[]): Instruction[] {
  return [...load(field.call), [0x15, 0, body.length, number], ...body, ...load(field.call)];
}

function encode(program: Instruction[]): Buffer {
  const bytes = Buffer.alloc(program.length * 8);
  for (const [index, [code, ifTrue, ifFalse, value]] of program.entries()) {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(ifTrue, index * 8 + 2);
    bytes.writeUInt8(ifFalse, index * 8 + 3);
    bytes.writeUInt32LE(value, index * 8 + 4);
  }
  return bytes;
}
