/*
 * Every way a board fails, with its cause and its remedy. The result's subject replaces `{words}`; the words
 * stay where nothing was observed, in the catalogue, and where a result has no subject. `{+words}` is replaced by the second line of the
 * subject.
 */
#ifndef DIAGNOSIS_H
#define DIAGNOSIS_H

#include "dmaheap.h"

#define DIAGNOSES(X) \
	/* the heap does not exist */ \
	X(HEAP_SUPPORT_MISSING, "this kernel was built without {CONFIG_DMABUF_HEAPS=y and one of CONFIG_DMABUF_HEAPS_SYSTEM=y, CONFIG_DMABUF_HEAPS_CMA=y (with CONFIG_CMA=y and CONFIG_DMA_CMA=y)}", \
	  "add {these options} to the kernel configuration (`dmaheap generate` writes a fragment with it; a kernel without these options is too old for heaps) and rebuild") \
	X(HEAP_MODULE_NOT_LOADED, "the heap is a kernel module, {system_heap or cma_heap}, and it is not loaded", \
	  "modprobe {MODULE}; for every boot write '{MODULE}' to /etc/modules-load.d/dmaheap.conf") \
	X(DEVTMPFS_MISSING, "the kernel has the heap in /sys/class/dma_heap, but /dev has no node for it", \
	  "mount devtmpfs on /dev (CONFIG_DEVTMPFS_MOUNT=y), or let mdev or udev populate /dev") \
	X(CONTAINER_DEVICE_MISSING, "the kernel has the heap, but this container or sandbox did not get its node", \
	  "let the runtime pass the node, and each alias by its name (symlinks are not passed), with GID as the number of its group on the host (stat -c %g /dev/dma_heap/*): {docker and podman --device /dev/dma_heap --group-add GID; LXC lxc.mount.entry; Kubernetes a device plugin or CDI; systemd PrivateDevices=no and DeviceAllow=char-dma_heap rw}") \
	X(HEAP_NODE_REMOVED, "the kernel has the heap '{NAME}', but its node under /dev/dma_heap does not exist", \
	  "find what removes or hides it (a script, a file system over /dev, the /dev of a container) and stop it; then reboot, or make the node: mknod -m 0600 /dev/dma_heap/{NAME} c $(tr : ' ' </sys/class/dma_heap/{NAME}/dev); udevadm trigger --subsystem-match=dma_heap") \
	X(HEAP_RENAMED, "the heap has the name that another kernel release gives it, '{NAME}'", \
	  "generate again for the running kernel, and install its rules: they add the other names as aliases for the program") \
	X(HEAP_ABSENT, "no node of this heap exists, although heaps are supported", \
	  "compare the reserved-memory node and the kernel configuration with the generated files; {NAME} was expected") \
	X(VENDOR_HEAP_ABSENT, "'{NAME}' is a heap of a vendor's kernel, and this kernel does not make it", \
	  "run the vendor's kernel, or let the program use a mainline heap") \
	X(HEAP_UNEXPECTED, "'{NAME}' exists, but the profile excludes it", \
	  "remove its region or its kernel option, or add the heap to the profile") \
	X(NODE_NOT_A_HEAP, "'{NAME}' in /dev/dma_heap is not a heap device", \
	  "find what makes it and stop it: the device numbers of heaps are dynamic; then delete it and reboot, or make the node: mknod -m 0600 /dev/dma_heap/{NAME} c $(tr : ' ' </sys/class/dma_heap/{NAME}/dev); udevadm trigger --subsystem-match=dma_heap") \
	X(FOLKLORE_DMA_BUF_NODE, "{/dev/dma-buf} was made by hand: no kernel has such a device, dma-bufs come from /dev/dma_heap/*", \
	  "remove the mknod, and open a heap under /dev/dma_heap instead") \
	X(SYMLINK_RULE_MISSING, "no alias '{ALIAS}' leads to the heap", \
	  "install the generated udev rules (SYMLINK+=\"dma_heap/{ALIAS}\") and run udevadm trigger --subsystem-match=dma_heap") \
	X(SYMLINK_WRONG_TARGET, "the alias '{ALIAS}' leads to another heap", \
	  "find the rule or script that makes this link, and install the generated rule") \
	/* the heap cannot be opened */ \
	X(PERM_DIRECTORY_OPEN, "users other than root can write to the directory /dev/dma_heap, so they can replace its nodes and aliases", \
	  "chown root:root /dev/dma_heap; chmod 0755 /dev/dma_heap; then remove the rule or script that runs chmod on the directory, and give access to the nodes by a rule with MODE=\"0660\"") \
	X(UDEV_PENDING, "udev has not handled this node yet, so its mode, group and aliases are not final", \
	  "start after `udevadm settle --timeout=30`, as the generated units do, or use --wait; if it does not help, run udevadm trigger --subsystem-match=dma_heap") \
	X(PERM_DEFAULT_0600, "the node still has the kernel's default 0600 root:root, and no rule for it is installed", \
	  "install the generated udev rules (or mdev.conf) and run udevadm trigger --subsystem-match=dma_heap") \
	X(RULE_NOT_APPLIED, "a rule for dma_heap is installed, but the node has the kernel's default 0600 root:root", \
	  "run udevadm control --reload and udevadm trigger --subsystem-match=dma_heap; if it does not help, udevadm test on the device shows why the rule does not match") \
	X(RULE_LATE, "the rule was applied only after the node had existed for some time", \
	  "order the program after the device unit (TAG+=\"systemd\" in the rule, and After= with the .device unit, which `systemd-escape -p --suffix=device /dev/dma_heap/HEAP` prints)") \
	X(PERM_MODE_WRONG, "the node does not have the mode of the profile", \
	  "correct MODE= in the rule that wins (udevadm test shows which)") \
	X(PERM_WORLD_ACCESS, "every process can open the heap and allocate all of its memory (a read-only descriptor is enough)", \
	  "use MODE=\"0660\" and a group; heap memory is not charged to a cgroup") \
	X(PERM_OWNER_WRONG, "the node's owner is not '{OWNER}'", "correct OWNER= in the rule that wins") \
	X(PERM_GROUP_WRONG, "the node's group is not '{GROUP}'", "correct GROUP= in the rule that wins") \
	X(GROUP_MISSING, "the group '{GROUP}' does not exist, so udev ignores the rule's GROUP=", \
	  "groupadd -r {GROUP}; udevadm control --reload; udevadm trigger --subsystem-match=dma_heap; for every boot create it before udev starts (the generated sysusers.d file does)") \
	X(USER_MISSING, "the user '{USER}' does not exist", "create the user, or correct the profile's access") \
	X(USER_NOT_IN_GROUP, "user '{USER}' is not in the node's group", "usermod -aG {+GID} {USER}, and log in again or restart the service; for a container, --group-add {+GID}") \
	X(GROUP_NOT_MAPPED, "this user namespace does not map the node's {group} and shows 65534 instead: users and groups inside do not have its access", \
	  "on the host, let the user who starts it be a member of the node's group (stat -c %G /dev/dma_heap/*), and let the runtime keep that group: podman --group-add keep-groups; docker --userns=host --group-add GID; systemd SupplementaryGroups=GID; systemd-nspawn PrivateUsers=no; LXC lxc.idmap = g GID GID 1, with root:GID:1 in /etc/subgid; Kubernetes hostUsers: true; /etc/group inside does not matter") \
	X(LOGIN_STALE, "'{USER}' is in the group in /etc/group, but this session started earlier", \
	  "log in again, or restart the service") \
	X(CGROUP_DEVICE_DENIED, "the mode allows the access, but the device cgroup denies it", \
	  "set DeviceAllow=char-dma_heap rw in the unit, or add the device to the list of the container") \
	X(MAC_DENIED, "the mode allows the access, but the security module denies it", \
	  "allow dma_heap in the policy (ausearch -m avc or the AppArmor log shows the denial)") \
	/* CMA is missing or differs */ \
	X(CMA_NOT_CONFIGURED, "this kernel has no CMA: {CONFIG_CMA=y, CONFIG_DMA_CMA=y or a size (CONFIG_CMA_SIZE_MBYTES) is missing}", "add {it} to the kernel configuration") \
	X(CMA_DISABLED_CMDLINE, "the kernel command line has cma=0, which also removes the device tree's default area", \
	  "remove cma= from the boot loader's arguments") \
	X(CMA_CMDLINE_FAILED, "cma={SIZE} on the kernel command line could not be reserved", \
	  "use a size that fits into one bank below the DMA limit, or deliver the area by the device tree") \
	X(CMA_CMDLINE_OVERRIDES_DT, "cma={SIZE} on the kernel command line replaces the device tree's default area", \
	  "remove cma= from the boot loader's arguments") \
	X(CMA_DT_NODE_MISSING, "the running device tree has no /reserved-memory/{NODE}", \
	  "the overlay was not applied: check the boot loader's overlay list and its log") \
	X(CMA_DT_NODE_DISABLED, "/reserved-memory/{NODE} is disabled by its status property", "remove the status property") \
	X(CMA_DT_NOT_REUSABLE, "/reserved-memory/{NODE} lacks `reusable`: it is a private pool and not a CMA area", \
	  "add the property reusable; to the node") \
	X(CMA_DT_REJECTED_NOMAP, "/reserved-memory/{NODE} is both no-map and reusable, which the kernel refuses", "remove no-map") \
	X(CMA_DT_REJECTED_ALIGN, "the kernel rejected /reserved-memory/{NODE}: base or size is not a multiple of the CMA granule", \
	  "align base and size (4 MiB with 4K pages, 32 MiB with 16K, 512 MiB with 64K)") \
	X(CMA_DT_REJECTED_CELLS, "the kernel ignores the node: {the cells of its reg or size, or those of /reserved-memory, differ from those of the root}", \
	  "give /reserved-memory the root's #address-cells and #size-cells and an empty property ranges;, and write reg and size in these cells") \
	X(CMA_DT_REJECTED_SPACE, "the kernel found no room for /reserved-memory/{NODE}", \
	  "make it smaller, widen alloc-ranges, or move other regions") \
	X(CMA_DT_REJECTED_SLOTS, "the kernel has no slot left for /reserved-memory/{NODE}", "raise CONFIG_CMA_AREAS") \
	X(CMA_DT_REJECTED, "/reserved-memory/{NODE} is in the device tree, but the kernel made no area from it", \
	  "look for 'reserved mem' in the kernel log; `dmaheap place` predicts it from the DTB") \
	X(CMA_FALLBACK_KCONFIG, "the area of the profile was not made; the kernel fell back to its configured default area '{NAME}'", \
	  "look for 'reserved mem' in the kernel log: the kernel refused the node, or the overlay was not applied") \
	X(CMA_SIZE_MISMATCH, "the area does not have the size of the profile", \
	  "{what sets the size}: change it there, or change the profile") \
	X(CMA_TOTAL_AMBIGUOUS, "CmaTotal is not the expected sum, and this kernel does not show single areas", \
	  "build the kernel with CONFIG_CMA_SYSFS=y, or run the verifier as root with debugfs; both show which area differs") \
	X(CMA_AREA_NOT_ACTIVATED, "the heap exists, but its area was never activated: every allocation fails", \
	  "move the area into one memory zone and into RAM, for example with alloc-ranges below the low-memory limit") \
	/* the memory is not sufficient */ \
	X(CMA_EXHAUSTED, "the area is in use: {too little is free}", "free it (dmaheap-verify --owners names the holders), or enlarge the area") \
	X(CMA_FRAGMENTED, "enough memory is free in the area, but not in one piece", \
	  "allocate early and keep the buffers, give this user a separate region, or enlarge the area") \
	X(CMA_TRANSIENT_BUSY, "pages of the area were busy for a moment: the allocation succeeded after a retry", \
	  "retry in the program, or give it a separate area") \
	X(CMA_TOO_SMALL_FOR_BUDGET, "the buffers of the profile do not fit into the area even when it is empty", \
	  "enlarge the area to {the sum of the buffers}") \
	X(MEMORY_EXHAUSTED, "the system has not enough free memory for the buffer", "free memory, or use smaller buffers") \
	X(MEMCG_CHARGED, "dma_heap.mem_accounting=1 charges buffers to the memory cgroup, whose limit is reached", \
	  "raise MemoryMax= of the unit, or boot with dma_heap.mem_accounting=0") \
	X(FD_LIMIT, "the process has no file descriptors left ({EMFILE or ENFILE})", "raise LimitNOFILE= of the unit") \
	X(FD_READONLY, "a buffer allocated with fd_flags without O_RDWR cannot be mapped writable: {mmap fails with EACCES}", \
	  "allocate with fd_flags = O_RDWR | O_CLOEXEC") \
	X(LEN_TRUNCATED, "the buffer is shorter than requested: this kernel cuts the length to 32 bits", \
	  "request less than 4 GiB on a 32-bit kernel") \
	/* the heap does not behave as in mainline */ \
	X(ABI_DEVIATION, "the kernel does not behave like mainline", \
	  "the vendor has probably patched dma-heap: report it, and do not rely on this behaviour") \
	X(NOT_ZEROED, "a new buffer contains old data, which may be that of another process", \
	  "the vendor's heap does not clear pages; do not ship this kernel") \
	X(DATA_CORRUPT, "the data that is read differs from the data that was written", \
	  "the memory has two owners, or the mapping is wrong: compare the addresses of the area with those of kernel, initrd and firmware") \
	X(NOT_CONTIGUOUS, "the pages of a CMA buffer are not contiguous", \
	  "the heap is not backed by CMA: report it to the kernel's vendor") \
	X(NOT_FROM_CMA, "a buffer of this heap did not come from CMA", "the name leads to another heap: check aliases and the kernel's version") \
	X(LEAK_CMA, "CMA memory stays in use after all buffers were closed", \
	  "a driver holds an attachment, or the kernel leaks: compare /sys/kernel/debug/dma_buf/bufinfo before and after") \
	X(LEAK_FD, "the kernel left descriptors open", "older kernels leak one if an allocation ends in EFAULT: update the kernel") \
	X(IMPORT_REFUSED, "the device refuses a buffer of this heap: {DEVICE}", \
	  "use a CMA heap whose area the device can reach (alloc-ranges); a device without an IOMMU accepts only contiguous buffers") \
	X(UDMABUF_UNUSABLE, "/dev/udmabuf does not make buffers: {ERRNO}", "set CONFIG_UDMABUF=y and CONFIG_MEMFD_CREATE=y, and give the program access by a rule") \
	X(LATENCY_EXCEEDED, "the operation takes longer than the profile allows", \
	  "the usual cause is migration of movable pages: allocate early, or use a separate region") \
	X(COHERENCY_UNTESTED, "sync succeeded, which proves nothing about caches without an attached device", \
	  "test with the device that will use the buffer") \
	/* the machine is not the intended one */ \
	X(KERNEL_OUT_OF_RANGE, "the expectation was generated for other kernels than {this one}", \
	  "add the running kernel to the kernel range of the profile and generate again, or boot a kernel of that range") \
	X(ARCHITECTURE_DIFFERS, "the expectation was generated for another architecture, {ARCH}", \
	  "copy the verify.expect that was generated for this board") \
	X(PAGE_SIZE_DIFFERS, "the sizes were computed for another page size", "set board.pageSize in the profile and generate again") \
	X(CONFIG_DIFFERS, "the running kernel was built without {CONFIG_SYMBOL=VALUE}", "merge the generated fragment and rebuild the kernel")

enum diagnosis {
	NO_DIAGNOSIS = -1,
#define X(id, cause, fix) id,
	DIAGNOSES(X)
#undef X
	DIAGNOSIS_COUNT
};

const struct dh_diagnosis *diagnosis(enum diagnosis);

#endif
