/*
 * Shares one buffer between two processes. Nothing is copied: both map the same memory.
 *
 *   heap-share send /dev/dma_heap/system /tmp/heap.socket
 *   heap-share receive /tmp/heap.socket
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { SIZE = 1 << 20 };

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

/* The buffer is freed when the last descriptor of it is closed. The heap can be closed at once. */
static int allocate(const char *path, size_t size)
{
	struct dma_heap_allocation_data request = {
		.len = size,
		.fd_flags = O_RDWR | O_CLOEXEC, /* without O_RDWR a mapping with PROT_WRITE is refused */
	};
	int heap = open(path, O_RDONLY | O_CLOEXEC);
	if (heap < 0)
		fail(path);
	if (ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &request) < 0)
		fail("DMA_HEAP_IOCTL_ALLOC");
	close(heap);
	return (int)request.fd;
}

/* The size of a buffer that another process made. */
static size_t size_of(int buffer)
{
	off_t size = lseek(buffer, 0, SEEK_END);
	if (size < 0)
		fail("lseek");
	return (size_t)size;
}

static unsigned char *map(int buffer, int protection)
{
	void *address = mmap(NULL, size_of(buffer), protection, MAP_SHARED, buffer, 0);
	if (address == MAP_FAILED)
		fail("mmap");
	return address;
}

/* Before and after the CPU touches the buffer: the kernel cleans or discards caches if the hardware needs it. */
static void sync_cpu(int buffer, uint64_t flags)
{
	struct dma_buf_sync sync = {.flags = flags};
	while (ioctl(buffer, DMA_BUF_IOCTL_SYNC, &sync) < 0)
		if (errno != EINTR && errno != EAGAIN)
			fail("DMA_BUF_IOCTL_SYNC");
}

/* One byte of data carries the descriptor; the kernel gives the receiver another number for it. */
static void send_buffer(int peer, int buffer)
{
	char byte = 0;
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof buffer)];
	} control = {0};
	struct iovec data = {.iov_base = &byte, .iov_len = 1};
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control,
	};
	struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
	rights->cmsg_level = SOL_SOCKET;
	rights->cmsg_type = SCM_RIGHTS;
	rights->cmsg_len = CMSG_LEN(sizeof buffer);
	memcpy(CMSG_DATA(rights), &buffer, sizeof buffer);
	if (sendmsg(peer, &message, 0) < 0)
		fail("sendmsg");
}

static int receive_buffer(int peer)
{
	char byte;
	int buffer;
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof buffer)];
	} control = {0};
	struct iovec data = {.iov_base = &byte, .iov_len = 1};
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control,
	};
	if (recvmsg(peer, &message, MSG_CMSG_CLOEXEC) != 1)
		fail("recvmsg");
	struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
	if (rights == NULL || rights->cmsg_type != SCM_RIGHTS) {
		fprintf(stderr, "no buffer was sent\n");
		exit(1);
	}
	memcpy(&buffer, CMSG_DATA(rights), sizeof buffer);
	return buffer;
}

static struct sockaddr_un address_of(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof address.sun_path) {
		fprintf(stderr, "%s: the path is too long\n", path);
		exit(1);
	}
	strcpy(address.sun_path, path);
	return address;
}

static void send_main(const char *heap, const char *socket_path)
{
	struct sockaddr_un address = address_of(socket_path);
	int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	unlink(socket_path);
	if (server < 0 || bind(server, (struct sockaddr *)&address, sizeof address) < 0 || listen(server, 1) < 0)
		fail(socket_path);

	int buffer = allocate(heap, SIZE);
	unsigned char *bytes = map(buffer, PROT_READ | PROT_WRITE);
	sync_cpu(buffer, DMA_BUF_SYNC_START | DMA_BUF_SYNC_WRITE);
	for (size_t i = 0; i < SIZE; i++)
		bytes[i] = (unsigned char)(i * 7);
	sync_cpu(buffer, DMA_BUF_SYNC_END | DMA_BUF_SYNC_WRITE);

	int peer = accept(server, NULL, NULL);
	if (peer < 0)
		fail("accept");
	send_buffer(peer, buffer);

	/* The receiver changes the first byte and answers. */
	char answer;
	if (read(peer, &answer, 1) != 1)
		fail("read");
	sync_cpu(buffer, DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ);
	printf("sent %zu bytes; the receiver wrote %u\n", size_of(buffer), bytes[0]);
	sync_cpu(buffer, DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ);

	munmap(bytes, SIZE);
	close(buffer);
	unlink(socket_path);
}

static void receive_main(const char *socket_path)
{
	struct sockaddr_un address = address_of(socket_path);
	int peer = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (peer < 0 || connect(peer, (struct sockaddr *)&address, sizeof address) < 0)
		fail(socket_path);

	int buffer = receive_buffer(peer);
	size_t size = size_of(buffer);
	unsigned char *bytes = map(buffer, PROT_READ | PROT_WRITE);
	size_t wrong = 0;
	sync_cpu(buffer, DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW);
	for (size_t i = 0; i < size; i++)
		wrong += bytes[i] != (unsigned char)(i * 7);
	bytes[0] = 42;
	sync_cpu(buffer, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW);
	printf("received %zu bytes, %zu wrong\n", size, wrong);

	if (write(peer, "", 1) != 1)
		fail("write");
	munmap(bytes, size);
	close(buffer);
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "send") == 0)
		send_main(argv[2], argv[3]);
	else if (argc == 3 && strcmp(argv[1], "receive") == 0)
		receive_main(argv[2]);
	else {
		fprintf(stderr, "usage: heap-share send HEAP SOCKET\n       heap-share receive SOCKET\n");
		return 2;
	}
	return 0;
}
