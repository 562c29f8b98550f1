#!/usr/bin/env bash
# Shares as the tasks of a real Slurm array on this machine alone, some killed; bytes compared with one call.
#
# As root, with Debian's slurmctld, slurmd, slurm-client and munge: they are no part of the tests. It starts the three
# daemons with a configuration of its own, runs what docs/clusters.md shows, and ends them again.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(mktemp -d) # what everything lies in; readable by the daemons
chmod 755 "$folder"
host=$(hostname -s)
python=${PYTHON:-$PWD/.venv/bin/python}
export PYTHONPATH=$PWD SLURM_CONF=$folder/slurm.conf

cat > "$SLURM_CONF" << END
ClusterName=loopback
SlurmctldHost=$host(127.0.0.1)
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket
CryptoType=crypto/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
ReturnToService=2
JobRequeue=0
NodeName=$host NodeAddr=127.0.0.1 CPUs=4 State=UNKNOWN
PartitionName=all Nodes=$host Default=YES MaxTime=INFINITE State=UP
END
mkdir -p "$folder"/{state,spool,munge}
dd if=/dev/urandom of="$folder/munge/key" bs=1 count=1024 status=none
chmod 700 "$folder/munge" && chmod 400 "$folder/munge/key"
pids=()
end() {
  for pid in "${pids[@]}"; do kill "$pid" 2> /dev/null || true; done
  wait
  rm -rf "$folder"
}
trap end EXIT
munged --foreground --force --key-file="$folder/munge/key" --socket="$folder/munge/socket" \
  --pid-file="$folder/munge/pid" --log-file="$folder/munge/log" --seed-file="$folder/munge/seed" 2> "$folder/munged.txt" &
pids+=($!)
sleep 2
chmod 755 "$folder/munge"
slurmctld -D -i 2> /dev/null &
pids+=($!)
slurmd -D -N "$host" 2> /dev/null &
pids+=($!)
until sinfo --noheader -o %T 2> /dev/null | grep -q idle; do sleep 1; done
sinfo --version
sinfo

run="$python -m ethnoshard"
options="--aligned --size 112 --part-images 4 --workers 1"
"$python" -c 'import pathlib, sys; from ethnoshard.synthetic import *; draw_faces(pathlib.Path(sys.argv[1]), DrawnSettings(identities=100, images=4))' "$folder/drawn"
$run align "$folder/drawn/faces" "$folder/one" $options > /dev/null

align="$run align $folder/drawn/faces $folder/many $options"
first=$(sbatch --parsable --array=1-8 --output="$folder/%a.txt" --wrap "$align")
until compgen -G "$folder/many/parts/*.parquet" > /dev/null; do sleep 0.1; done
# Two tasks go as a node's death takes them: by SIGKILL, wherever they are.
for task in 2 3; do scancel --signal=KILL --full "${first}_$task" || true; done
last=$(sbatch --parsable --dependency="afterany:$first" --output="$folder/between.txt" --wrap "$align --missing --shares 8")
until [ -z "$(squeue --noheader --jobs "$first,$last" 2> /dev/null)" ]; do sleep 1; done
echo "--- a task of the array:" && cat "$folder/1.txt"
echo "--- what lacks after two were killed:" && cat "$folder/between.txt"
lacking=$(head -1 "$folder/between.txt")
if [[ $lacking =~ ^[0-9] ]]; then
  again=$(sbatch --parsable --array="$lacking" --output="$folder/again-%a.txt" --wrap "$align --share \$SLURM_ARRAY_TASK_ID/8")
  until [ -z "$(squeue --noheader --jobs "$again" 2> /dev/null)" ]; do sleep 1; done
fi
echo "--- what lacks now:" && $align --missing || true
sbatch --wait --output="$folder/last.txt" --wrap "$align" > /dev/null
echo "--- the last call:" && cat "$folder/last.txt"
diff -r "$folder/one" "$folder/many" && echo "the same bytes as one call's"
