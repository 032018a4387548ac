#!/bin/sh
# The guest's first process: shows what the kernel made, between markers that the lab reads.
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev 2>/dev/null
mount -t debugfs debugfs /sys/kernel/debug
dmesg -n 1
# No driver has the UART, so there is no console. The early console still prints the kernel's log.
if [ ! -e /proc/self/fd/1 ]; then
  sh /init shown </dev/null >/tmp/shown 2>&1
  while IFS= read -r line; do echo "<0>guest| $line" >/dev/kmsg; done </tmp/shown
  sleep 60
fi
section() { echo "@@SECTION $1"; }
before=$(ls /dev/dma_heap 2>/dev/null)
for module in /modules/*.ko; do [ -e "$module" ] && insmod "$module"; done

section heaps
for node in /dev/dma_heap/*; do [ -e "$node" ] && stat -c '%a %u %g %n' "$node"; done
section meminfo
grep -E '^(MemTotal|CmaTotal|CmaFree):' /proc/meminfo
section areas
[ -d /sys/kernel/debug/cma ] || echo 'not shown'
for area in /sys/kernel/debug/cma/*; do
  [ -e "$area/count" ] && echo "$(cat "$area/base_pfn") $(cat "$area/count") ${area##*/}"
done
section iomem
grep -iE 'ram|kernel|reserved' /proc/iomem
if [ -e /run.sh ]; then
  section run
  . /run.sh
fi
section allocate
for node in /dev/dma_heap/*; do [ -e "$node" ] && allocate "${ALLOCATE:-65536}" "${node##*/}"; done
section verify
[ -e /bin/dmaheap-verify ] &&
  dmaheap-verify --json --no-timing | grep -E '"id":"alloc.page"|"summary"|"status":"(fail|error)"'
section messages
dmesg -r | tail -n 40 | grep -E 'BUG|Bad page|WARN|Oops' | head -n 20
echo "@@END"
[ -e /shell ] && exec setsid cttyhack sh
[ "$1" = shown ] && exit
# The lab ends the guest at its last word; a power-off would cut off what the serial line has not said yet.
sleep 60
poweroff -f
