#!/bin/sh
# GNU parallel: a worker on each of these hosts, over ssh. The folder has to be the same everywhere.
#   sh parallel.sh /shared/photos /shared/study host1 host2 host3
data=$1 study=$2
shift 2
hosts=$(echo "$*" | tr ' ' ',')
parallel --sshlogin "$hosts" --nonall --line-buffer --tag \
  "paso settle --data '$data' --out '$study' --worker"
