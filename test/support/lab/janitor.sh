#!/bin/sh
# Ends what a test made: janitor.sh TEMPORARY_DIRECTORY CGROUP_DIRECTORY...
#
# It runs in a session of its own and waits on stdin, a pipe whose other end only the owner holds. However the owner ends
# (dispose, Ctrl-C, kill -9), the pipe reaches its end, and everything that lives in the cgroups is taken down here. They
# are the same cgroup in every hierarchy of the machine; on the one of cgroup v2 all processes can be killed at once.
trap '' HUP INT TERM
temporary=$1
shift

left() {
  for cgroup in "$@"; do [ -d "$cgroup" ] && return 0; done
  return 1
}

read -r _

# A child that was on its way into the cgroup can arrive after the first kill, hence kill and remove again. At most ~20 s.
tries=0
while left "$@" && [ "$tries" -lt 1000 ]; do
  for cgroup in "$@"; do
    [ -e "$cgroup/cgroup.kill" ] && echo 1 2>/dev/null >"$cgroup/cgroup.kill"
    find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null
  done
  if left "$@"; then
    sleep 0.02
    tries=$((tries + 1))
  fi
done

rm -rf -- "$temporary"
! left "$@"
