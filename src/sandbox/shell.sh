# Sourced by the shell of each command: brings back the state of its persistent shell, and sees that it is kept.
# Sets `__sbx_script`. Usage: . shell.sh, with $1 the command's id, $2 the shell's name or `-`, $3 its file limit.
__sbx_dir=/run/drover/in/x/$1
__sbx_state=
[[ $2 == - ]] || __sbx_state=/run/drover/out/.shell-$2
# With no file to be written the state cannot be kept: the one before stands.
__sbx_keep=$3
__sbx_script=$(<"$__sbx_dir/script")
__sbx_args=()
[[ -e $__sbx_dir/args ]] && mapfile -d '' -t __sbx_args <"$__sbx_dir/args"
set -- "${__sbx_args[@]}"
unset __sbx_args __sbx_dir

__sbx_save() {
  # Only names of ours may be local: a local hides the script's variable of that name.
  local __sbx_code=$? __sbx_options=$SHELLOPTS __sbx_shopts=$BASHOPTS __sbx_ifs=$IFS
  local __sbx_file=$__sbx_state.$BASHPID __sbx_kind __sbx_name
  { set +xvefu; } 2>/dev/null
  shopt -u nullglob failglob
  IFS=$' \t\n'
  ((__sbx_keep)) && __sbx_print 2>/dev/null >"$__sbx_file" && command mv -f -- "$__sbx_file" "$__sbx_state"
  IFS=$__sbx_ifs
  return "$__sbx_code"
}

__sbx_print() {
  for __sbx_name in $(compgen -A variable); do
    case $__sbx_name in
      __sbx_* | BASH | BASH_* | BASHOPTS | BASHPID | SHELLOPTS | SHLVL | PWD | UID | EUID | PPID | GROUPS | DIRSTACK) ;;
      FUNCNAME | LINENO | RANDOM | SRANDOM | SECONDS | EPOCH* | PIPESTATUS | COMP_* | OPT* | SBX_EXEC | _ | IFS) ;;
      *) builtin declare -p "$__sbx_name" ;;
    esac
  done
  while read -r _ __sbx_kind __sbx_name; do
    case $__sbx_name in trap | __sbx_*) continue ;; esac
    builtin declare -f "$__sbx_name"
    [[ $__sbx_kind == *x* ]] && builtin printf 'export -f %q\n' "$__sbx_name"
  done < <(builtin declare -F)
  builtin alias -p
  builtin umask -p
  builtin printf 'cd -- %q 2>/dev/null || cd /workspace\n' "$PWD"
  [[ -v OLDPWD ]] && builtin printf 'OLDPWD=%q\n' "$OLDPWD"
  builtin printf '__sbx_options=%q __sbx_shopts=%q IFS=%q\n' "$__sbx_options" "$__sbx_shopts" "$__sbx_ifs"
}

# The script's own EXIT trap must not replace ours: ours runs it.
__sbx_on_exit=
__sbx_exit() {
  __sbx_save
  eval "$__sbx_on_exit"
}

trap() {
  ((BASH_SUBSHELL)) && { builtin trap "$@"; return; }
  case ${1-} in '' | -p | -l) (($# < 2)) && { builtin trap "$@"; return; } ;; esac
  local __sbx_name rest=() on_exit=
  for __sbx_name in "${@:2}"; do
    case ${__sbx_name^^} in EXIT | SIGEXIT | 0) on_exit=1 ;; *) rest+=("$__sbx_name") ;; esac
  done
  if [[ -n $on_exit && $1 == -p ]]; then
    builtin printf 'trap -- %q EXIT\n' "$__sbx_on_exit"
  elif [[ -n $on_exit ]]; then
    __sbx_on_exit=$1
    [[ $1 == - ]] && __sbx_on_exit=
  fi
  if ((${#rest[@]})) || [[ -z $on_exit ]]; then builtin trap "$1" "${rest[@]}"; fi
}

__sbx_restore_options() {
  local __sbx_name IFS=:
  for __sbx_name in $BASHOPTS; do [[ :$__sbx_shopts: == *":$__sbx_name:"* ]] || shopt -u "$__sbx_name"; done
  for __sbx_name in $__sbx_shopts; do shopt -s "$__sbx_name"; done
  for __sbx_name in $SHELLOPTS; do [[ :$__sbx_options: == *":$__sbx_name:"* ]] || set +o "$__sbx_name"; done
  for __sbx_name in $__sbx_options; do set -o "$__sbx_name"; done
} 2>/dev/null

if [[ -n $__sbx_state ]]; then
  shopt -s expand_aliases
  builtin trap __sbx_exit EXIT
  # shellcheck disable=SC1090 # written by __sbx_save
  [[ -s $__sbx_state ]] && . "$__sbx_state" 2>/dev/null
  [[ -n ${__sbx_options-} ]] && __sbx_restore_options
  unset __sbx_options __sbx_shopts
else
  unset -f trap
fi
