/**
 * The lines of docs/using-heaps.md for GStreamer, FFmpeg and libcamera, typed in guests with Debian's programs and the kernel's virtual
 * camera, converter, decoder and display. The kernel says which buffers were shared: a copy shows no attached device and no import.
 */
import { readFileSync } from 'node:fs';
import { type Board, type Case, SYSTEM } from './board.js';
import { mediaDisk, mediaFiles } from './media-disk.js';

const PAGE = readFileSync(new URL('../../docs/using-heaps.md', import.meta.url), 'utf8');
const SECTION = /^## GStreamer, FFmpeg and libcamera\n(.*?)^## /ms.exec(PAGE)?.[1] ?? '';
const LINES = [...SECTION.matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, block = '']) => block.trim().split('\n'));

const LIBRARIES = '/usr/lib/x86_64-linux-gnu';
/** The index of GStreamer's plugins takes minutes of an emulated processor if all are in it. */
const PLUGINS = 'coreelements video4linux2 kms isomp4 videoparsersbad v4l2codecs videoconvertscale typefindfunctions';

/** The disk is mounted and the drivers are loaded once, by the case that comes first. Lines of one dot keep the guest from being silent. */
const READY = `if [ ! -e /media/dev/null ]; then
load() { for module in $(cat /lib/$1.load); do [ -d /sys/module/$module ] || insmod /lib/$module.ko $2; done; }
for one in crc32c_generic ext4 virtio_blk; do load $one; done
until [ -e /dev/vda ]; do sleep 0.1; done
mkdir /media; mount -t ext4 /dev/vda /media; for d in dev proc sys tmp; do mount --bind /$d /media/$d; done
mount -t tracefs none /sys/kernel/tracing
load vivid node_types=0x1; for one in vkms vim2m visl vimc; do load $one; done
mkdir -p /media/plugins /media/run/udev/data /media/usr/share/libcamera/pipeline/virtual; cp /bin/libcamera-buffers /media/usr/bin/
for one in ${PLUGINS}; do ln -s ${LIBRARIES}/gstreamer-1.0/libgst$one.so /media/plugins/; done
for d in /sys/dev/char/*; do echo I:1 >/media/run/udev/data/c\${d##*/}; done
export GST_PLUGIN_SYSTEM_PATH_1_0=/plugins LIBCAMERA_LOG_NO_COLOR=1 LD_LIBRARY_PATH=${['blas', 'lapack', 'pulseaudio'].map((one) => `${LIBRARIES}/${one}`).join(':')}
fi
tracing=/sys/kernel/tracing
inside() { chroot /media sh -c "cd /tmp; $*" </dev/null; }
watch() { opens "$@" >/tmp/opens & watcher=$!; until grep -q watching /tmp/opens; do sleep 0.1; done; }
opened() { sleep 0.2; kill $watcher; wait $watcher 2>/dev/null; echo "heaps: $(grep -c opened /tmp/opens) opened"; sed -n 's/^opened /  /p' /tmp/opens | sort -u; }
follow() { echo 0 >$tracing/tracing_on; echo nop >$tracing/current_tracer; printf '%s\\n' "$@" >$tracing/set_ftrace_filter; echo function >$tracing/current_tracer; echo 1 >$tracing/tracing_on; }
followed() { echo 0 >$tracing/tracing_on; sed -nE 's/^ *(.{1,16})-[0-9]+ .*: ([a-z0-9_]+) <-.*/called: \\1 \\2/p' $tracing/trace | sort -u; }
look() { sed -n 's/^.fb=//p' /sys/kernel/debug/dri/*/state | head -n 1 >>/tmp/pictures
busybox awk '$5 ~ /^[a-z]/ { by = $5 } /^\\t[a-z]/ { print "attached: " by " -> " $1 }' /sys/kernel/debug/dma_buf/bufinfo >>/tmp/attached; }
seen() { sort -u /tmp/pictures | wc -l; }
typed() { : >/tmp/pictures; : >/tmp/attached; watch /dev/dma_heap/system
follow vb2_vmalloc_mmap vb2_vmalloc_map_dmabuf drm_gem_dmabuf_mmap
{ inside "$1"; echo "ended $?"; } >/tmp/typed 2>&1 &
n=0; until [ $n = 150 ] || grep -q '^ended' /tmp/typed || [ $(seen) -gt 3 ]; do n=$((n + 1)); sleep 0.3; look; [ $((n % 5)) = 0 ] && echo .; done
echo "pictures: $(seen)"; sort -u /tmp/attached | grep . || echo attached: nothing; opened; followed
busybox killall gst-launch-1.0 2>/dev/null; wait; busybox tail -n 12 /tmp/typed; }
average() { inside "ffmpeg -v error -i $1 -vf scale=$2:1 -f rawvideo -pix_fmt rgb24 -" | busybox od -An -v -tu1 | busybox tr -s ' \\n' ' ' | sed "s/^/$1:/"; echo; }
`;

/** What the boards of the page are called in the guest. */
interface Names {
  readonly kernel: string;
  readonly names: readonly (readonly [onPage: RegExp, here: string])[];
  /** Begins of lines that do not run, and why. */
  readonly skipped: Readonly<Record<string, string>>;
}

/** GStreamer finds a display by a list of drivers, and the virtual one is not in it. */
const DISPLAY = [/\bkmssink\b/, 'kmssink driver-name=vkms'] as const;
/** The virtual converter makes pictures of 640 x 480 at most. */
const CONVERTER = [
  [/\bwidth=640,height=360\b/, 'width=320,height=180'],
  [/\bwidth=1280 ! v4l2convert\b/, 'width=640 ! v4l2convert'],
] as const;
const NO_GPU = 'needs a GPU with VAAPI, which no guest has';

const GUESTS: readonly Names[] = [
  {
    kernel: 'debian-amd64-media',
    names: [DISPLAY, ...CONVERTER, [/\bformat=NV12\b/, 'format=BGRx']],
    skipped: {
      'gst-launch-1.0 filesrc': 'the virtual display of 6.12 does not have NV12, in which the decoder writes',
      'ffmpeg -device /dev/dri/card0 -f kmsgrab -i - -vf hwmap': NO_GPU,
    },
  },
  {
    kernel: 'debian-amd64-7.3-media',
    names: [DISPLAY, ...CONVERTER],
    skipped: { 'ffmpeg -device /dev/dri/card0 -f kmsgrab -i - -vf hwmap': NO_GPU },
  },
];

const HIGH = '(?:1[5-9]\\d|2\\d\\d)';
const LOW = '\\d\\d?';
/** White, yellow, cyan, green, magenta, red, blue and black, as red, green and blue: what the camera shows. */
const BARS = ['111', '110', '011', '010', '101', '100', '001', '000']
  .map((bar) => [...bar].map((one) => (one === '1' ? HIGH : LOW)).join(' '))
  .join(' ');

const NO_HEAP = /^heaps: 0 opened$/m;
/** More than three frame buffers were on the display, one after the other. */
const FLOWS = /^pictures: (?:[4-9]|\d\d)$/m;
const SHOWN_WITHOUT_A_COPY = /^attached: videobuf2_vmalloc -> vkms$/m;

interface Expected {
  /** How the line begins on the page. */
  readonly begin: string;
  readonly name: string;
  readonly before?: string;
  readonly after?: string;
  readonly shows: readonly RegExp[];
}

const EXPECTED: readonly Expected[] = [
  {
    begin: 'gst-launch-1.0 v4l2src device=/dev/video0 io-mode=dmabuf ! video/x-raw',
    name: 'GStreamer shows the buffers of a camera',
    shows: [FLOWS, SHOWN_WITHOUT_A_COPY, NO_HEAP],
  },
  {
    begin: 'gst-launch-1.0 v4l2src io-mode=dmabuf ! video/x-raw,width=1280 ! v4l2convert',
    name: 'GStreamer has a converter read the buffers of a camera',
    shows: [FLOWS, SHOWN_WITHOUT_A_COPY, /^called: v4l2src0:src vb2_vmalloc_map_dmabuf$/m, NO_HEAP],
  },
  {
    begin: 'gst-launch-1.0 filesrc',
    name: 'GStreamer shows the buffers of a decoder',
    before:
      'inside "ffmpeg -v error -f lavfi -i testsrc=size=640x360:rate=5 -t 10 -c:v libx264 -preset ultrafast -pix_fmt yuv420p film.mp4"',
    shows: [FLOWS, SHOWN_WITHOUT_A_COPY, NO_HEAP],
  },
  {
    begin: 'ffmpeg -f v4l2',
    name: 'FFmpeg maps the buffers of a camera',
    after: 'average picture.png 8',
    shows: [
      /^ended 0$/m,
      /^called: ffmpeg vb2_vmalloc_mmap$/m,
      /^attached: nothing$/m,
      NO_HEAP,
      new RegExp(`^picture.png: ${BARS} $`, 'm'),
    ],
  },
  {
    begin: 'ffmpeg -device /dev/dri/card0 -f kmsgrab -i - -vf hwdownload',
    name: 'FFmpeg takes the screen as a dma-buf',
    before: "printf '\\033[47m\\033[2J' >/dev/tty0",
    after: 'average screen.png 1',
    shows: [/^ended 0$/m, /^called: vf#0:0 drm_gem_dmabuf_mmap$/m, NO_HEAP, /^screen.png: 1[67]\d 1[67]\d 1[67]\d $/m],
  },
  { begin: 'ffmpeg -device /dev/dri/card0 -f kmsgrab -i - -vf hwmap', name: 'FFmpeg encodes the screen', shows: [] },
];

/** The camera that libcamera has without hardware: it takes its buffers from the first heap that is there. */
const VIRTUAL = `cat >/media/usr/share/libcamera/pipeline/virtual/virtual.yaml <<'@@'
"Virtual0":
  supported_formats:
  - width: 640
    height: 480
    frame_rates:
    - 30
  test_pattern: "bars"
  location: "CameraLocationFront"
  model: "Virtual Video Device"
@@
system=$(sed -E 's/(.*):(.*)/\\1 \\2/' /sys/class/dma_heap/system/dev)`;
const allocates = (heaps: string) => `watch ${heaps}; inside libcamera-buffers Virtual0 2>/dev/null; opened`;

const LIBCAMERA: readonly Case[] = [
  {
    name: 'libcamera allocates from the driver of a camera',
    script: `${READY}watch /dev/dma_heap/system; inside libcamera-buffers 2>/dev/null; opened`,
    shows: [/^6220800 bytes from videobuf2_vmalloc$/m, /^(?:6220800 bytes from videobuf2_vmalloc\n){4}heaps: /m],
  },
  {
    name: 'libcamera takes the first heap that it knows',
    script: `${READY}${VIRTUAL}
echo with system; ${allocates('/dev/dma_heap/system')}
mknod /dev/dma_heap/reserved c $system; echo with reserved; ${allocates('/dev/dma_heap/system /dev/dma_heap/reserved')}
mknod /dev/dma_heap/linux,cma c $system; echo with linux,cma; ${allocates('/dev/dma_heap/*')}
rm /dev/dma_heap/reserved /dev/dma_heap/linux,cma /media/usr/share/libcamera/pipeline/virtual/virtual.yaml`,
    shows: ['system', 'reserved', 'linux,cma'].map(
      (heap) =>
        new RegExp(
          `^with ${heap}\\n(?:\\d+ bytes from system\\n)+heaps: [1-9]\\d* opened\\n  /dev/dma_heap/${heap}\\n(?!  )`,
          'm',
        ),
    ),
  },
];

function caseOf(line: string, { names, skipped }: Names): Case {
  const [expected, ...more] = EXPECTED.filter(({ begin }) => line.startsWith(begin));
  if (expected === undefined || more.length > 0)
    throw new Error(`docs/using-heaps.md: not one expectation for: ${line}`);
  const { name, before = '', after = '', shows } = expected;
  const reason = Object.entries(skipped).find(([begin]) => line.startsWith(begin))?.[1];
  if (reason !== undefined) return { name, script: '', shows, skipped: reason };
  const here = names.reduce((text, [onPage, replacement]) => text.replace(onPage, replacement), line);
  return { name, script: `${READY}${before}\ntyped '${here}'\n${after}`, shows };
}

export const MEDIA: readonly Board[] = GUESTS.map((guest) => ({
  name: 'media programs',
  kernels: [guest.kernel],
  long: true,
  memoryMiB: 2048,
  silenceSeconds: 400,
  files: mediaFiles,
  disk: mediaDisk,
  expect: SYSTEM,
  cases: [...LINES.map((line) => caseOf(line, guest)), ...LIBCAMERA],
}));

const unused = EXPECTED.filter(({ begin }) => !LINES.some((line) => line.startsWith(begin)));
if (unused.length > 0)
  throw new Error(`docs/using-heaps.md: no such line: ${unused.map(({ begin }) => begin).join('; ')}`);
