#include "container.h"

#include <string.h>

#include "sys.h"
#include "text.h"

/* The marks that name their runtime come first; with NULL the file alone is the mark. */
static const struct {
	const char *path, *text;
	unsigned runtime;
} MARKS[] = {
	{"/proc/self/cgroup", "kubepods", 0},
	{"/run/secrets/kubernetes.io", NULL, 0},
	{"/run/.containerenv", NULL, 1},
	{"/proc/self/cgroup", "libpod", 1},
	{"/.dockerenv", NULL, 2},
	{"/proc/self/cgroup", "docker", 2},
	{"/proc/self/mountinfo", "/docker/containers/", 2},
	{"/proc/self/cgroup", "lxc", 3},
	{"/proc/1/environ", "container=lxc", 3},
	{"/proc/self/mountinfo", "lxcfs", 3},
	{"/run/systemd/container", "nspawn", 4},
	{"/proc/1/environ", "container=systemd-nspawn", 4},
	{"/.flatpak-info", NULL, 5},
	{"/proc/1/environ", "container=", 7},
	{"/proc/self/cgroup", ".service", 6},
};

#define ANY_GROUP "--group-add GID"
static const struct container RUNTIMES[] = {
	{"Kubernetes", "a device plugin that offers /dev/dma_heap, or a CDI device (cdi.k8s.io), named in the container's resources.limits; supplementalGroups: [GID] in the pod's securityContext"},
	{"podman", "podman run --device /dev/dma_heap " ANY_GROUP "; in a Quadlet AddDevice=/dev/dma_heap and PodmanArgs=" ANY_GROUP},
	{"docker", "docker run --device /dev/dma_heap " ANY_GROUP "; in compose devices: [\"/dev/dma_heap:/dev/dma_heap\"] and group_add: [\"GID\"]"},
	{"LXC", "lxc.mount.entry = /dev/dma_heap dev/dma_heap none bind,create=dir 0 0 and lxc.cgroup2.devices.allow = c MAJOR:* rw (MAJOR: dma_heap in /proc/devices)"},
	{"systemd-nspawn", "Bind=/dev/dma_heap in the .nspawn file and DeviceAllow=char-dma_heap rw in a drop-in of its unit"},
	{"Flatpak", "flatpak override --device=all APP"},
	{"systemd", "PrivateDevices=no and DeviceAllow=char-dma_heap rw in the unit"},
	{"container", "docker and podman --device /dev/dma_heap " ANY_GROUP "; LXC lxc.mount.entry; a systemd unit PrivateDevices=no and DeviceAllow=char-dma_heap rw"},
};

/* 0-separated texts, such as an environment, are searched as well. */
static bool holds(char *text, long length, const char *wanted)
{
	for (long i = 0; i < length; i++)
		if (!text[i])
			text[i] = '\n';
	return length > 0 && text_find(text, wanted);
}

/* The /dev of a unit with PrivateDevices= is a tmpfs; the machine's own is devtmpfs. */
static bool has_private_dev(char *mounts)
{
	const char *line = text_find(mounts, " /dev ");
	return line && text_find(line, " - tmpfs ") && (!strchr(line, '\n') || text_find(line, " - tmpfs ") < strchr(line, '\n'));
}

const struct container *container_of(const char *root)
{
	char text[4096];
	struct sys_node stat;
	bool private_dev = sys_read(root, "/proc/self/mountinfo", text, sizeof text) > 0 && has_private_dev(text);
	for (unsigned i = 0; i < sizeof MARKS / sizeof *MARKS; i++) {
		const struct container *runtime = &RUNTIMES[MARKS[i].runtime];
		if (MARKS[i].runtime == 6 && !private_dev)
			continue; /* every service has such a control group */
		if (MARKS[i].text ? holds(text, sys_read(root, MARKS[i].path, text, sizeof text), MARKS[i].text) : !sys_stat(root, MARKS[i].path, &stat))
			return runtime;
	}
	/* user namespaces that map less than everything are sandboxes, too */
	const struct container *unnamed = &RUNTIMES[sizeof RUNTIMES / sizeof *RUNTIMES - 1];
	return sys_read(root, "/proc/self/uid_map", text, sizeof text) > 0 && !text_find(text, "4294967295") ? unnamed : NULL;
}

bool is_kept_out(const struct session *s, struct dh_result *r)
{
	const struct container *container = s->seen.classes ? container_of(s->root) : NULL;
	if (!container)
		return false;
	evidence(r, "/sys/class/dma_heap has %u entries; runs in: %s", s->seen.classes, container->name);
	about(r, container->fix);
	return true;
}
