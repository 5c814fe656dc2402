# shellcheck shell=bash disable=SC2154 # $bin comes from the test
# What the tests of the machine cell have in common. $bin is the directory of the programs.
set -euo pipefail

# Reports what is wrong, with the output of the programs, and fails.
fail() {
  printf 'FAILED: %s\n' "$1" >&2
  if [ -n "${output:-}" ] && [ -f "$output" ]; then cat "$output" >&2; fi
  exit 1
}

# Waits up to a minute for a command to succeed, so that no test fails because the computer is busy.
eventually() {
  local tries
  for ((tries = 0; tries < 1200; tries++)); do
    if "$@"; then return 0; fi
    sleep 0.05
  done
  return 1
}

# Whether a process runs; a zombie does not.
runs() {
  local state
  state=$(sed -n 's/^State:\t\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null) || return 1
  [ -n "$state" ] && [ "$state" != Z ]
}

none_runs() {
  local pid
  for pid in "$@"; do
    if runs "$pid"; then return 1; fi
  done
}

# The processes whose parent is $1.
children_of() {
  local status
  for status in /proc/[0-9]*/status; do
    sed -n "/^PPid:\t$1\$/{s|.*|$status|;s|/proc/\(.*\)/status|\1|p}" "$status" 2>/dev/null || true
  done
}

# A new directory, in memory if possible.
make_directory() {
  mktemp -d -p "$([ -w /dev/shm ] && echo /dev/shm || echo "${TMPDIR:-/tmp}")" evo-cell-test-XXXXXX
}

# Removes the processes and files that a failed test leaves behind.
clean_up_demo() {
  kill -KILL "$demo" "${modules[@]}" 2>/dev/null || true
  wait "$demo" 2>/dev/null || true
  rm -rf "$output" ${domain:+"$domain"}
}

# Starts cell_demo in the background with its output in $output, and waits until the loop runs.
# Sets $demo (its pid), $domain and $modules (pids).
start_demo() {
  output=$(mktemp)
  trap clean_up_demo EXIT
  modules=()
  "$bin/cell_demo" --seconds 60 --plain >"$output" 2>&1 &
  demo=$!
  eventually grep -q 't=1[.]' "$output" || fail 'the cell did not come up'
  domain=$(sed -n 's/^domain //p' "$output")
  mapfile -t modules < <(children_of "$demo")
  [ "${#modules[@]}" -eq 4 ] || fail "cell_demo has ${#modules[@]} children, not 4"
  [ -n "$(ls "$domain")" ] || fail "there are no segments in '$domain'"
}
