/* Allocates the buffers of a camera's viewfinder, and prints who made them: libcamera-buffers [CAMERA] */
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <libcamera/libcamera.h>
#include <memory>
#include <string>

[[noreturn]] static void fail(const std::string &what)
{
	std::cerr << what << '\n';
	std::exit(1);
}

/* The kernel writes it for each descriptor of a dma-buf. */
static std::string exporter(int buffer)
{
	std::ifstream info("/proc/self/fdinfo/" + std::to_string(buffer));
	for (std::string key, value; info >> key >> value;)
		if (key == "exp_name:")
			return value;
	fail("not a dma-buf");
}

int main(int argc, char **argv)
{
	libcamera::CameraManager manager;
	if (manager.start() < 0 || manager.cameras().empty())
		fail("no camera");
	const auto camera = argc > 1 ? manager.get(argv[1]) : manager.cameras().front();
	if (!camera || camera->acquire() < 0)
		fail("the camera is missing or busy");
	{
		const auto configuration = camera->generateConfiguration({libcamera::StreamRole::Viewfinder});
		if (!configuration || camera->configure(configuration.get()) < 0)
			fail("the camera refuses its own configuration");
		libcamera::Stream *stream = configuration->at(0).stream();
		libcamera::FrameBufferAllocator allocator(camera);
		if (allocator.allocate(stream) < 0)
			fail("no memory for the buffers");
		for (const auto &buffer : allocator.buffers(stream)) {
			const auto &plane = buffer->planes()[0];
			std::cout << plane.length << " bytes from " << exporter(plane.fd.get()) << '\n';
		}
	}
	camera->release();
}
