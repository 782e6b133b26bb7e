import { cloneNewMask, deniedCalls, tioclinux, tiocsti } from './seccomp-rules.js';

const eperm = 1;
const enosys = 38;

/** The deny table as a profile for a container engine, to be given as `seccomp=…` in its security options. */
export function seccompProfile(): string {
  const lowHalf = 0xffffffff;
  return JSON.stringify({
    defaultAction: 'SCMP_ACT_ALLOW',
    architectures: [engineArch[process.arch] ?? process.arch],
    syscalls: [
      deny(Object.keys(deniedCalls), eperm),
      deny(['clone3'], enosys),
      ...bitsOf(cloneNewMask).map((bit) => deny(['clone'], eperm, { index: 0, value: bit, valueTwo: bit })),
      ...[tiocsti, tioclinux].map((request) => deny(['ioctl'], eperm, { index: 1, value: lowHalf, valueTwo: request })),
    ],
  });
}

const engineArch: Partial<Record<NodeJS.Architecture, string>> = {
  x64: 'SCMP_ARCH_X86_64',
  arm64: 'SCMP_ARCH_AARCH64',
};

/** Applies when the argument, masked with `value`, is `valueTwo`. */
interface Condition {
  index: number;
  value: number;
  valueTwo: number;
}

const deny = (names: string[], errnoRet: number, condition?: Condition) => ({
  names,
  action: 'SCMP_ACT_ERRNO',
  errnoRet,
  args: condition ? [{ ...condition, op: 'SCMP_CMP_MASKED_EQ' }] : [],
});

const bitsOf = (mask: number): number[] =>
  Array.from({ length: 32 }, (_, n) => 2 ** n).filter((bit) => (mask & bit) !== 0);
