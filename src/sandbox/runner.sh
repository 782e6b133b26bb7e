# PID 1 of a sandbox: starts commands, ends them, and writes down how they ended.
# Needs bash 5.1, coreutils, setsid and /proc. Usage: bash runner.sh PIDS [MEMORY_KB PIDS]
# The second pair bounds each process and the user, where no control group does.
#
#   /run/drover/in   read-only here, written by the host:
#       requests       FIFO; each request is an empty line and `run ID` or `kill ID WHY`, in one write
#       x/ID/          command (SHELL RESTART TIMEOUT_MS FILE_KB), script, args (NUL-ended), stdin
#   /run/drover/out  written here, read by the host without following links:
#       ID.log         what the command printed
#       ID.why         why it was ended, when it was
#       ID.exit        `CODE REASON`; complete once it ends in a newline
#       ID.killed      no process of a killed command is left
#       .shell-NAME    state of a persistent shell
#       .started       a runner has been here: what it knew is gone with it, so there is no second one
#
# The kernel keeps a pid namespace's PID 1 from every signal sent inside it, so `kill -9 -1` ends commands and
# their supervisors but not this loop. Whatever must work while every pid is taken uses builtins only: no fork.
set -u +m
export -n OLDPWD
in=/run/drover/in out=/run/drover/out
pids_limit=${1:-0}
(($# < 3)) || ulimit -d "$2" -u "$3"
log_kb=65536 tail_bytes=65536
declare -A tag_of=() supervisor=() deadline=() dying=() killed_by=() shell_tags=()
last_tag=0

now() { REPLY=${EPOCHREALTIME/[.,]/}; }

# Waits without a process: nobody ever writes to this pipe.
exec 6<> <(:)
nap() { read -r -t "$1" -u 6; return 0; }

# A command's mark is the size of its POSIX message queues: a resource limit is inherited by every descendant, and
# neither setsid, a double fork nor an empty environment sheds it. Where limits cannot carry it, a variable does.
mark() {
  if [[ $marks == limit ]]; then ulimit -q "$1"; else export SBX_EXEC=$1; fi
}

marks=limit
limit_line() { printf -v REPLY '%-25s %-20s %-20s' 'Max msgqueue size' "$1" "$1"; }
limit_works() {
  (ulimit -q 7 && read -r -d '' text </proc/self/limits; limit_line 7; [[ $text == *"$REPLY"* ]]) 2>/dev/null
}

# Sets `found` to the living processes of the commands with these marks.
find_marked() {
  local p text= tag wanted=()
  found=()
  for tag in "$@"; do
    if [[ $marks == limit ]]; then limit_line "$tag"; else REPLY=$'\n'"SBX_EXEC=$tag"$'\n'; fi
    wanted+=("$REPLY")
  done
  for p in /proc/[0-9]*; do
    text=
    if [[ $marks == limit ]]; then
      read -r -d '' text <"$p/limits"
    else
      while read -r -d '' tag; do text+=$'\n'$tag$'\n'; done <"$p/environ"
    fi 2>/dev/null
    for tag in "${wanted[@]}"; do
      [[ $text == *"$tag"* ]] || continue
      # The end of a zombie is only a matter of its parent.
      read -r -d '' text <"$p/stat"
      [[ ${text##*) } == [ZX]* ]] || found+=("${p#/proc/}")
      break
    done 2>/dev/null
  done
}

signal() { ((${#found[@]})) && kill -"$1" "${found[@]}" 2>/dev/null; }

# All of them at once: one that is asked later must not go on with its script because its child has ended.
ask() { signal STOP; signal TERM; signal CONT; }

# Stopped first, so that what forks faster than it is found comes to rest.
slay() {
  local before=-1 round
  (($#)) || return 0
  for round in {1..50}; do
    find_marked "$@"
    ((${#found[@]})) || return 0
    if ((${#found[@]} == before || round % 8 == 0)); then signal KILL; nap 0.002; fi
    signal STOP
    before=${#found[@]}
  done
}

recorded() { [[ -s $out/$1.exit ]]; }

supervise() { # ID TAG SHELL FILE_KB: in a process of its own
  local id=$1 tag=$2 shell=$3 file_kb=$4 log=$out/$1.log stdin=$in/x/$1/stdin command reader code ended
  exec 9<&-
  [[ -e $stdin ]] || stdin=/dev/null
  : >>"$log"
  ((file_kb)) || printf '[The disk limit is reached: files can be deleted, not written.]\n' >>"$log"
  # One pipe, held here at its reading end, so that no background process meets a pipe without a reader.
  exec 7<> <(:)
  exec 8>/proc/self/fd/7 5</proc/self/fd/7 7>&-
  oom_kills; local oom_before=$REPLY
  (
    mark "$tag"
    ulimit -c 0 -f "$file_kb"
    # What a shell starts in the background ignores these two.
    exec setsid env --default-signal=INT,QUIT bash --norc --noprofile -c '. /run/drover/in/shell.sh; eval "$__sbx_script"' bash "$id" "$shell" "$file_kb"
  ) <"$stdin" >&8 2>&8 5<&- 6<&- 8>&- &
  command=$!
  (
    # cat writes what it reads at once and stops exactly at the limit on its file.
    ulimit -f "$log_kb"
    trap '' XFSZ
    exec cat
  ) <&5 >>"$log" 2>/dev/null 5<&- 6<&- 8>&- &
  reader=$!
  exec 8>&-
  wait -n -p ended "$command" "$reader"
  code=$?
  if [[ $ended != "$command" ]]; then
    ((code)) && keep_tail
    wait "$command"
    code=$?
  fi
  settle
  record "$id" "$code" "$oom_before"
  # Background processes may go on printing: their log is bounded too.
  settle_at_last
}

# Once the head of the log is full the rest is read and dropped, but for its end.
keep_tail() {
  printf '\n[Output beyond the first %d MiB is not kept, except for its last %d KiB.]\n' \
    $((log_kb / 1024)) $((tail_bytes / 1024)) >>"$log"
  tail -c "$tail_bytes" <&5 >>"$log" 2>/dev/null 6<&- &
  reader=$!
}

# Returns when everything printed so far is in the log: the reader has ended, or sleeps on an empty pipe.
settle() {
  local stat
  while [[ -n $reader ]]; do
    stat=') X'
    { read -r -d '' stat <"/proc/$reader/stat"; } 2>/dev/null
    case ${stat##*) } in
      S*) return ;;
      [ZX]*) next_reader ;;
      *) nap 0.002 ;;
    esac
  done
}

next_reader() {
  local ended=$reader
  reader=
  wait "$ended" || { [[ -z ${tailing-} ]] && tailing=1 && keep_tail; }
}

settle_at_last() {
  while [[ -n $reader ]]; do wait "$reader"; settle; done
}

# How often the kernel has killed for want of memory here; 0 where it does not say.
oom_kills() {
  local file name count
  REPLY=0
  for file in /run/drover/memory /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control; do
    [[ -r $file ]] || continue
    while read -r name count; do [[ $name == oom_kill ]] && REPLY=$count; done <"$file"
    return
  done
}

record() { # ID CODE OOM_BEFORE
  local why=
  if [[ -s $out/$1.why ]]; then
    read -r why <"$out/$1.why"
  elif (($2 == 137)); then
    oom_kills
    ((REPLY > $3)) && why=memory
  fi
  printf '%d %s\n' "$2" "$why" >"$out/$1.exit"
}

run() { # ID
  local id=$1 shell restart timeout_ms file_kb
  [[ -n ${tag_of[$id]-} ]] && return
  read -r shell restart timeout_ms file_kb 2>/dev/null <"$in/x/$id/command" || return
  ((restart)) && restart_shell "$shell"
  tag_of[$id]=$((++last_tag))
  if ! make_room "$id"; then
    printf '[Not started: other commands use all processes.]\n' >>"$out/$id.log"
    printf '254 \n' >"$out/$id.exit"
    return
  fi
  [[ $shell == - ]] || shell_tags[$shell]+=" $last_tag"
  supervise "$id" "$last_tag" "$shell" "$file_kb" &
  supervisor[$id]=$!
  now
  deadline[$id]=$((REPLY + timeout_ms * 1000))
}

restart_shell() { # NAME
  # shellcheck disable=SC2086 # the list is meant to be split
  slay ${shell_tags[$1]-}
  shell_tags[$1]=
  : >"$out/.shell-$1"
}

# A new command needs a few processes; bash as PID 1 would not survive that it cannot have them. Where they are scarce
# those make way that are about to end anyway, then what ended commands have left behind. Fails if that does not help.
make_room() { # ID
  local id tags=()
  is_crowded || return 0
  for id in "${!dying[@]}"; do tags+=("${tag_of[$id]}"); done
  slay "${tags[@]}"
  has_room && return 0
  tags=()
  for id in "${!tag_of[@]}"; do [[ -z ${supervisor[$id]-} ]] && tags+=("${tag_of[$id]}"); done
  slay "${tags[@]}"
  printf '[The limit of %d processes was reached: background processes were ended.]\n' "$pids_limit" >>"$out/$1.log"
  has_room
}

has_room() {
  set -- /proc/[0-9]*
  ((pids_limit == 0 || $# + 8 <= pids_limit))
}

is_crowded() { # more than half of all processes are in use
  set -- /proc/[0-9]*
  ((pids_limit && $# * 2 > pids_limit))
}

end() { # ID WHY
  local id=$1
  # The first reason stands, and so does the second it was given.
  [[ -n ${dying[$id]-} ]] && return
  killed_by[$id]=$2
  if [[ -z ${tag_of[$id]-} ]]; then
    # Its `run` never came; should it come yet, it finds the id taken.
    tag_of[$id]=$((++last_tag))
    printf '137 %s\n' "$2" >"$out/$id.exit"
  fi
  recorded "$id" || printf '%s\n' "$2" >"$out/$id.why"
  unset "deadline[$id]"
  find_marked "${tag_of[$id]}"
  # Whoever forks faster than it can be asked to stop is not asked.
  if ((pids_limit && ${#found[@]} * 2 > pids_limit)); then slay "${tag_of[$id]}"; else ask; fi
  now
  dying[$id]=$((REPLY + 1000000))
}

# What is left of a command whose supervisor an agent has killed is ended with it.
check_running() {
  local id
  for id in "${!supervisor[@]}"; do
    if recorded "$id"; then
      unset "supervisor[$id]" "deadline[$id]"
    elif ! kill -0 "${supervisor[$id]}" 2>/dev/null && ! recorded "$id"; then
      slay "${tag_of[$id]}"
      printf '137 %s\n' "${killed_by[$id]-}" >"$out/$id.exit"
    elif ((${deadline[$id]-0} && ${deadline[$id]-0} <= $1)); then
      end "$id" timeout
    fi
  done
}

check_dying() {
  local id
  for id in "${!dying[@]}"; do
    find_marked "${tag_of[$id]}"
    if ((${#found[@]} && dying[$id] <= $1)); then slay "${tag_of[$id]}"; fi
    if ((${#found[@]} == 0)) && { recorded "$id" || [[ -z ${supervisor[$id]-} ]]; }; then
      unset "dying[$id]"
      : >"$out/$id.killed"
    fi
  done
}

# Sets `pause` to the seconds until something is due; empty when nothing is.
next_pause() {
  local at us=1000000
  pause=
  if ((${#dying[@]})); then pause=0.010; return; fi
  ((${#supervisor[@]})) || return
  for at in "${deadline[@]}"; do ((at - $1 < us)) && us=$((at - $1)); done
  ((us < 1000)) && us=1000
  printf -v pause '%d.%06d' $((us / 1000000)) $((us % 1000000))
}

# Sets `verb`, `id` and `why`; `verb` is empty when the pause is over. A timeout may swallow the byte that is just coming
# in. Only the wait for a request's first byte has one, and that byte is an empty line, made to be lost: what follows it
# came in the same write, so it is there. A request that is lost all the same is sent again.
next_request() {
  local first= rest=
  verb= id= why=
  read -r ${pause:+-t "$pause"} -N 1 -u 9 first
  [[ -n $first ]] || return
  read -r -t 1 -u 9 rest
  [[ $first == $'\n' ]] || rest=$first$rest
  verb=${rest%% *} why=${rest##* }
  rest=${rest#* }
  id=${rest%% *}
}

serve() {
  local verb id why at
  # An engine may start the same container again; its commands must read as lost, not as running.
  [[ -e $out/.started ]] && exit 1
  : >"$out/.started"
  exec 9<>"$in/requests"
  while :; do
    now
    at=$REPLY
    check_running "$at"
    check_dying "$at"
    next_pause "$at"
    next_request
    case $verb in
      run) run "$id" ;;
      kill) end "$id" "$why" ;;
    esac
  done
}

# PID 1 gets no signal from inside unless it has a handler, and bash has some of its own. These do nothing, and the
# commands do not inherit them.
trap : HUP INT QUIT ILL TRAP ABRT BUS FPE USR1 SEGV USR2 PIPE ALRM TERM XCPU XFSZ VTALRM SYS
limit_works || marks=variable
serve
