/*
 * Captures one picture of a camera into buffers of a heap: the device writes, the program maps and reads.
 *
 *   v4l2-capture /dev/dma_heap/system /dev/video0
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/videodev2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

enum { BUFFERS = 3 };

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void request(int file, unsigned long number, void *argument, const char *name)
{
	while (ioctl(file, number, argument) < 0)
		if (errno != EINTR)
			fail(name);
}

/* The queue remembers no descriptor: each VIDIOC_QBUF names the buffer again. */
static void queue(int camera, uint32_t index, int buffer)
{
	struct v4l2_buffer entry = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = V4L2_MEMORY_DMABUF,
		.index = index,
		.m.fd = buffer,
	};
	request(camera, VIDIOC_QBUF, &entry, "VIDIOC_QBUF");
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: v4l2-capture HEAP CAMERA\n");
		return 2;
	}
	int heap = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (heap < 0)
		fail(argv[1]);
	int camera = open(argv[2], O_RDWR | O_CLOEXEC);
	if (camera < 0)
		fail(argv[2]);

	/* The device answers with what it can do, so the size of the buffers comes from its answer. */
	struct v4l2_format format = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.fmt.pix = {.width = 640, .height = 360, .pixelformat = V4L2_PIX_FMT_YUYV},
	};
	request(camera, VIDIOC_S_FMT, &format, "VIDIOC_S_FMT");
	const struct v4l2_pix_format *picture = &format.fmt.pix;

	struct v4l2_requestbuffers buffers = {
		.count = BUFFERS,
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = V4L2_MEMORY_DMABUF,
	};
	request(camera, VIDIOC_REQBUFS, &buffers, "VIDIOC_REQBUFS");
	if (buffers.count > BUFFERS) {
		fprintf(stderr, "%s needs %u buffers\n", argv[2], buffers.count);
		return 1;
	}

	int memory[BUFFERS];
	for (uint32_t i = 0; i < buffers.count; i++) {
		struct dma_heap_allocation_data one = {.len = picture->sizeimage, .fd_flags = O_RDWR | O_CLOEXEC};
		request(heap, DMA_HEAP_IOCTL_ALLOC, &one, "DMA_HEAP_IOCTL_ALLOC");
		memory[i] = (int)one.fd;
		queue(camera, i, memory[i]);
	}
	int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	request(camera, VIDIOC_STREAMON, &type, "VIDIOC_STREAMON");

	struct v4l2_buffer done = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_DMABUF};
	request(camera, VIDIOC_DQBUF, &done, "VIDIOC_DQBUF");
	int filled = memory[done.index];
	const uint8_t *bytes = mmap(NULL, picture->sizeimage, PROT_READ, MAP_SHARED, filled, 0);
	if (bytes == MAP_FAILED)
		fail("mmap");
	struct dma_buf_sync sync = {.flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ};
	request(filled, DMA_BUF_IOCTL_SYNC, &sync, "DMA_BUF_IOCTL_SYNC");
	size_t written = 0;
	for (size_t i = 0; i < done.bytesused; i++)
		written += bytes[i] != 0;
	sync.flags = DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ;
	request(filled, DMA_BUF_IOCTL_SYNC, &sync, "DMA_BUF_IOCTL_SYNC");
	request(camera, VIDIOC_STREAMOFF, &type, "VIDIOC_STREAMOFF");

	/* A heap clears its memory, so a picture of zeros was not written. */
	if (written == 0) {
		fprintf(stderr, "%s wrote nothing\n", argv[2]);
		return 1;
	}
	printf("captured %u x %u, %u bytes\n", picture->width, picture->height, done.bytesused);
	return 0;
}
