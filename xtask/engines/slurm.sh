#!/usr/bin/env bash
# Starts or stops a Slurm of this machine alone, for `cargo xtask ci --only slurm`: slurm.sh start|stop FOLDER.
# All its state is in FOLDER; programs find it by SLURM_CONF=FOLDER/slurm.conf.
set -euo pipefail
action=$1 folder=$2
host=$(hostname -s) user=$(id -un)
export SLURM_CONF=$folder/slurm.conf

if [ "$action" = stop ]; then
    for name in slurmd slurmctld munged; do
        if [ -f "$folder/$name.pid" ]; then kill "$(cat "$folder/$name.pid")" || true; fi
    done
    exit
fi

mkdir -p "$folder/state" "$folder/spool"
# munged wants folders that nobody else can write to, and a socket that everybody can reach.
chmod 755 "$folder"
(umask 077 && head -c 256 /dev/urandom > "$folder/munge.key")
munged --force --key-file="$folder/munge.key" --socket="$folder/munge.sock" --pid-file="$folder/munged.pid" \
    --seed-file="$folder/munge.seed" --log-file="$folder/munged.log"
cat > "$SLURM_CONF" << END
ClusterName=paso
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=26817
SlurmdPort=26818
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
AuthInfo=socket=$folder/munge.sock
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
# More workers than processors: what is tried is how they share the work, not how fast they are.
SelectTypeParameters=CR_Core
ReturnToService=2
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc)
PartitionName=main Nodes=$host Default=YES OverSubscribe=FORCE:4
END
slurmctld -f "$SLURM_CONF"
slurmd -f "$SLURM_CONF"
for _ in $(seq 60); do
    if sinfo --noheader --format=%T | grep -qE 'idle|mixed|allocated'; then
        # Being up is not enough: a job has to run.
        if timeout 60 srun true; then exit; fi
        break
    fi
    sleep 0.5
done
tail -n 20 "$folder"/*.log >&2
exit 1
