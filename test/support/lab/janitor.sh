#!/bin/sh
# Ends a lab: janitor.sh CGROUP_DIRECTORY TEMPORARY_DIRECTORY
#
# It runs in a session of its own and waits on stdin, a pipe whose other end only the lab's owner holds. However the owner
# ends (dispose, Ctrl-C, kill -9), the pipe reaches its end, and everything that the owner made is taken down here.
trap '' HUP INT TERM
cgroup=$1
temporary=$2

read -r _

# A child that was on its way into the cgroup can arrive after the first kill, hence kill and remove again. At most ~20 s.
tries=0
while [ -d "$cgroup" ] && [ "$tries" -lt 1000 ]; do
  echo 1 2>/dev/null >"$cgroup/cgroup.kill"
  find "$cgroup" -depth -type d -exec rmdir {} \; 2>/dev/null
  if [ -d "$cgroup" ]; then
    sleep 0.02
    tries=$((tries + 1))
  fi
done

rm -rf -- "$temporary"
[ ! -d "$cgroup" ]
