/**
 * System calls no sandbox may make: one table for bubblewrap's filter and Docker's profile. Everything else is
 * allowed. Numbers are the kernel's, [x64, arm64]; undefined where the architecture has no such call.
 */
export const deniedCalls: Record<string, readonly [x64: number | undefined, arm64: number | undefined]> = {
  // Other processes' memory and descriptors.
  ptrace: [101, 117],
  process_vm_readv: [310, 270],
  process_vm_writev: [311, 271],
  process_madvise: [440, 440],
  pidfd_getfd: [438, 438],
  kcmp: [312, 272],
  // Mounts and file handles.
  mount: [165, 40],
  umount2: [166, 39],
  pivot_root: [155, 41],
  chroot: [161, 51],
  move_mount: [429, 429],
  open_tree: [428, 428],
  fsopen: [430, 430],
  fsconfig: [431, 431],
  fsmount: [432, 432],
  fspick: [433, 433],
  mount_setattr: [442, 442],
  open_by_handle_at: [304, 265],
  name_to_handle_at: [303, 264],
  quotactl: [179, 60],
  quotactl_fd: [443, 443],
  swapon: [167, 224],
  swapoff: [168, 225],
  // Namespaces (clone has a rule of its own).
  unshare: [272, 97],
  setns: [308, 268],
  // Kernel key rings are not namespaced.
  add_key: [248, 217],
  request_key: [249, 218],
  keyctl: [250, 219],
  // Large attack surface.
  bpf: [321, 280],
  perf_event_open: [298, 241],
  userfaultfd: [323, 282],
  io_uring_setup: [425, 425],
  io_uring_enter: [426, 426],
  io_uring_register: [427, 427],
  fanotify_init: [300, 262],
  lookup_dcookie: [212, 18],
  // The machine itself.
  kexec_load: [246, 104],
  kexec_file_load: [320, 294],
  init_module: [175, 105],
  finit_module: [313, 273],
  delete_module: [176, 106],
  reboot: [169, 142],
  syslog: [103, 116],
  acct: [163, 89],
  vhangup: [153, 58],
  settimeofday: [164, 170],
  clock_settime: [227, 112],
  clock_adjtime: [305, 266],
  adjtimex: [159, 171],
  sethostname: [170, 161],
  setdomainname: [171, 162],
  iopl: [172, undefined],
  ioperm: [173, undefined],
  uselib: [134, undefined],
  _sysctl: [156, undefined],
  nfsservctl: [180, 42],
};

/** Answered as if the kernel were too old for it, so that libc falls back to `clone`, whose flags can be seen. */
export const clone3Call = 435;
export const cloneCall = { x64: 56, arm64: 220 } as const;
export const ioctlCall = { x64: 16, arm64: 29 } as const;

/** CLONE_NEWNS, -CGROUP, -UTS, -IPC, -USER, -PID, -NET. (CLONE_NEWTIME is not for `clone`: its bit is part of the signal.) */
export const cloneNewMask = 0x7e020000;
/** Puts characters into a terminal's input, and so into the shell that started us. */
export const tiocsti = 0x5412;
export const tioclinux = 0x541c;

export type FilterArch = 'x64' | 'arm64';

/** The tables above exist for these; no sandbox runs elsewhere. */
export const filterArch = (arch: string = process.arch): FilterArch | undefined =>
  arch === 'x64' || arch === 'arm64' ? arch : undefined;
