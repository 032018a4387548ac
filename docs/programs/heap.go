// Allocates a buffer of a heap, writes to it and reads it, with the standard library alone.
//
//	go build heap.go && ./heap /dev/dma_heap/system
package main

import (
	"fmt"
	"os"
	"syscall"
	"unsafe"
)

// The headers of the kernel.
const (
	dmaHeapIoctlAlloc = 0xc0184800
	dmaBufIoctlSync   = 0x40086200
	syncRead          = 1
	syncWrite         = 2
	syncEnd           = 4
)

type allocation struct {
	len       uint64
	fd        uint32
	fdFlags   uint32
	heapFlags uint64
}

func ioctl(file uintptr, request uintptr, argument unsafe.Pointer) error {
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, file, request, uintptr(argument)); errno != 0 {
		return errno
	}
	return nil
}

func allocate(path string, size int) (int, error) {
	heap, err := os.Open(path)
	if err != nil {
		return -1, err
	}
	defer heap.Close()
	request := allocation{len: uint64(size), fdFlags: syscall.O_RDWR | syscall.O_CLOEXEC}
	err = ioctl(heap.Fd(), dmaHeapIoctlAlloc, unsafe.Pointer(&request))
	return int(request.fd), err
}

func sync(buffer int, flags uint64) {
	check(ioctl(uintptr(buffer), dmaBufIoctlSync, unsafe.Pointer(&flags)))
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	path := "/dev/dma_heap/system"
	if len(os.Args) > 1 {
		path = os.Args[1]
	}
	const size = 1 << 20
	buffer, err := allocate(path, size)
	check(err)
	bytes, err := syscall.Mmap(buffer, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	check(err)
	sync(buffer, syncWrite)
	copy(bytes, "hello")
	sync(buffer, syncEnd|syncWrite)
	sync(buffer, syncRead)
	fmt.Printf("%s %d\n", bytes[:5], len(bytes))
	sync(buffer, syncEnd|syncRead)
	check(syscall.Munmap(bytes))
	check(syscall.Close(buffer))
}
