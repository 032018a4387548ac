/**
 * A LAVA server with its database, its scheduler and two workers, each with a board that QEMU plays. The shards of a matrix
 * write the jobs of a fleet, lavacli submits them, and the server says what became of them.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import YAML from 'yaml';
import { dmaheap } from '../e2e/product.js';
import { BOARDS, type BoardName, dtbOf, MEMORY_MIB, PROMPT, ramdiskOf } from './guest.js';
import type { LavaRun } from './lava.js';
import { amongEngines } from './root.js';

const SHARDS = 2;

/** The device type is LAVA's own for QEMU; the network card of its template stays. */
const DEVICE = `{% extends 'qemu.jinja2' %}
{% set machine = 'virt,gic-version=2' %}
{% set cpu = 'cortex-a53' %}
{% set memory = ${MEMORY_MIB} %}
`;

const SETTINGS = YAML.stringify({
  ALLOWED_HOSTS: ['*'],
  CSRF_COOKIE_SECURE: false,
  SESSION_COOKIE_SECURE: false,
});
const CLIENT = YAML.stringify({ default: { uri: 'http://127.0.0.1:8000/RPC2', username: 'admin', token: 'lab' } });

/** What the packages do when they are installed, without an init system and a web server in front. */
const START = `ip link set lo up
echo 127.0.0.1 localhost >/etc/hosts
echo 'lavaserver:x:200:200::/tmp:/bin/sh
postgres:x:201:201::/tmp:/bin/sh' >>/etc/passwd
echo 'lavaserver:x:200:
postgres:x:201:' >>/etc/group
# Only root may enter /work, and the web server begins by entering the directory that it was started in.
as() { user=$1; shift; (cd / && exec setpriv --reuid "$user" --regid "$user" --clear-groups env HOME=/tmp "$@"); }
manage() { as lavaserver lava-server manage "$@"; }
mkdir -p /var/lib/postgresql/data /run/postgresql /var/log/lava-server /var/lib/lava-server/default/media/job-output
mkdir -p /var/lib/lava/dispatcher/tmp /root/.config
# LAVA names the emulator after its own name of the architecture where it finds no package of it.
ln -s qemu-system-aarch64 /usr/bin/qemu-system-arm64
chown postgres /var/lib/postgresql/data /run/postgresql
cp lava-server/device.jinja2 /etc/lava-server/dispatcher-config/devices/board1.jinja2
cp lava-server/device.jinja2 /etc/lava-server/dispatcher-config/devices/board2.jinja2
cp lava-server/settings.yaml /etc/lava-server/settings.yaml
cp lava-server/lavacli.yaml /root/.config/lavacli.yaml
chown -R lavaserver /var/log/lava-server /var/lib/lava-server /etc/lava-server
postgres=/usr/lib/postgresql/15/bin data=/var/lib/postgresql/data
as postgres $postgres/initdb -D $data -A trust -U lavaserver --no-sync >/dev/null
as postgres $postgres/pg_ctl -D $data -l /tmp/postgres.log -t 300 -w start \\
  -o '-c listen_addresses=127.0.0.1 -c fsync=off -c unix_socket_directories=/run/postgresql' || { cat /tmp/postgres.log; exit 1; }
$postgres/createdb -h 127.0.0.1 -U lavaserver lavaserver
export DATABASE_URL=postgres://lavaserver@127.0.0.1/lavaserver SECRET_KEY=0123456789abcdef0123456789abcdef
manage migrate -v0
manage users add admin --superuser --passwd lab
manage tokens add --user admin --secret lab
manage device-types add qemu
as lavaserver gunicorn3 lava_server.wsgi --worker-class eventlet --workers 1 --timeout 300 -b 127.0.0.1:8000 >/tmp/web.log 2>&1 &
web=$!
manage lava-scheduler --log-file /tmp/scheduler.log &
for n in 1 2; do
  token=$(manage workers add worker$n | sed -n 's/^Token: //p')
  # Where the network has no gateway, LAVA must be told.
  echo 'dispatcher_ip: 127.0.0.1' >/etc/lava-server/dispatcher.d/worker$n.yaml
  manage devices add --device-type qemu --worker worker$n board$n
  lava-worker --name worker$n --token "$token" --worker-dir /tmp/worker$n --log-file /tmp/worker$n.log --url http://127.0.0.1:8000/ &
done
`;

/** $shard is submitted as a whole before the next one; a job's number stands beside its file. */
const RUN = `until lavacli system version >/dev/null 2>&1; do
  kill -0 $web || { cat /tmp/web.log; exit 1; }
  sleep 2
done
for shard in ${Array.from({ length: SHARDS }, (_, i) => i + 1).join(' ')}; do
  for job in lava-server/out-$shard/*/*/fleet/fleet/lava-job.yaml; do
    cd "\${job%/*}"
    lavacli jobs submit lava-job.yaml >number
    cd /work
  done
done
for job in lava-server/out-*/*/*/fleet/fleet; do
  number=$(cat "$job/number")
  lavacli jobs wait --timeout 1500 "$number" >/dev/null || true
  lavacli jobs show --yaml "$number" >"$job/job"
  lavacli results --yaml "$number" >"$job/results"
  lavacli jobs logs --raw "$number" >"$job/log" 2>&1 || true
done
`;

/** The jobs of a fleet whose boards are healthy and not: each board's, by the shard that wrote it. */
async function writeFleet(directory: string): Promise<ReadonlyMap<BoardName, string>> {
  const place = path.join(directory, 'lava-server');
  mkdirSync(place, { recursive: true });
  const url = (file: string) => `file:///work/${file}`;
  for (const name of BOARDS) {
    const images = { kernel: url('kernel'), dtb: url(dtbOf(name)), image: url(ramdiskOf(name)) };
    const fleet = { deviceType: 'qemu', deploy: 'qemu', prompt: PROMPT, ...images };
    const profile = { version: 1, name, extends: ['../board.json'], targets: { fleet } };
    writeFileSync(path.join(place, `${name}.json`), JSON.stringify(profile));
  }
  const boards = BOARDS.map((name) => `${name}.json`);
  writeFileSync(path.join(place, 'matrix.json'), JSON.stringify({ boards, kernels: ['6.12'], targets: ['fleet'] }));
  const jobs = new Map<BoardName, string>();
  for (let shard = 1; shard <= SHARDS; shard += 1) {
    const words = ['--shard', `${shard}/${SHARDS}`, '--output', `out-${shard}`, '--quiet'];
    await dmaheap('-C', place, 'matrix', 'matrix.json', ...words);
    for (const name of readdirSync(path.join(place, `out-${shard}`)) as BoardName[])
      jobs.set(name, path.join(place, `out-${shard}`, name, '6.12/fleet/fleet'));
  }
  return jobs;
}

export interface ServerRun {
  /** What the server says of the job of each board, and of its cases. */
  readonly boards: ReadonlyMap<BoardName, LavaRun>;
  /** The workers that had a job. */
  readonly devices: ReadonlySet<string>;
}

export async function lavaFleet(directory: string): Promise<ServerRun> {
  const jobs = await writeFleet(directory);
  const place = path.join(directory, 'lava-server');
  writeFileSync(path.join(place, 'device.jinja2'), DEVICE);
  writeFileSync(path.join(place, 'settings.yaml'), SETTINGS);
  writeFileSync(path.join(place, 'lavacli.yaml'), CLIENT);
  writeFileSync(path.join(place, 'run.sh'), `set -e\n${START}${RUN}`);
  const { exitCode, all } = await amongEngines(directory, 'exec sh lava-server/run.sh', {
    root: 'lava-server',
    seconds: 3000,
  });
  if (exitCode !== 0) throw new Error(`status ${exitCode}\n${all}`);
  const boards = new Map<BoardName, LavaRun>();
  const devices = new Set<string>();
  for (const [name, job] of jobs) {
    const text = (file: string) => readFileSync(path.join(job, file), 'utf8');
    const { health, device } = YAML.parse(text('job')) as { health: string; device: string };
    const results = YAML.parse(text('results')) as readonly { suite: string; name: string; result: string }[];
    const cases = results.filter(({ suite }) => suite === '0_dmaheap').map((one) => [one.name, one.result] as const);
    devices.add(device);
    boards.set(name, { exitCode: health === 'Complete' ? 0 : 1, cases: new Map(cases), log: text('log') });
  }
  return { boards, devices };
}
