//! Allocates a buffer of a heap, writes to it and reads it, with the standard library alone.
//!
//!     rustc -O heap.rs && ./heap /dev/dma_heap/system
use std::fs::File;
use std::io::{Error, Result};
use std::os::raw::{c_int, c_long, c_ulong, c_void};
use std::os::unix::io::{AsRawFd, FromRawFd};

// The headers of the kernel, for which a crate such as nix or rustix has wrappers.
const DMA_HEAP_IOCTL_ALLOC: c_ulong = 0xc018_4800;
const DMA_BUF_IOCTL_SYNC: c_ulong = 0x4008_6200;
const SYNC_READ: u64 = 1;
const SYNC_WRITE: u64 = 2;
const SYNC_END: u64 = 4;
const O_RDWR_CLOEXEC: u32 = 0o2000002;

#[repr(C)]
struct Allocation {
    len: u64,
    fd: u32,
    fd_flags: u32,
    heap_flags: u64,
}

extern "C" {
    fn ioctl(file: c_int, request: c_ulong, ...) -> c_int;
    fn mmap(at: *mut c_void, len: usize, prot: c_int, flags: c_int, file: c_int, offset: c_long) -> *mut c_void;
    fn munmap(at: *mut c_void, len: usize) -> c_int;
}

fn allocate(heap: &str, len: u64) -> Result<File> {
    let heap = File::open(heap)?;
    let mut request = Allocation { len, fd: 0, fd_flags: O_RDWR_CLOEXEC, heap_flags: 0 };
    if unsafe { ioctl(heap.as_raw_fd(), DMA_HEAP_IOCTL_ALLOC, &mut request) } < 0 {
        return Err(Error::last_os_error());
    }
    // The file owns the buffer: it is freed when the file is dropped.
    Ok(unsafe { File::from_raw_fd(request.fd as c_int) })
}

fn sync(buffer: &File, flags: u64) -> Result<()> {
    if unsafe { ioctl(buffer.as_raw_fd(), DMA_BUF_IOCTL_SYNC, &flags) } < 0 {
        return Err(Error::last_os_error());
    }
    Ok(())
}

fn main() -> Result<()> {
    let heap = std::env::args().nth(1).unwrap_or_else(|| "/dev/dma_heap/system".to_string());
    let len = 1 << 20;
    let buffer = allocate(&heap, len as u64)?;
    // PROT_READ | PROT_WRITE, MAP_SHARED
    let at = unsafe { mmap(std::ptr::null_mut(), len, 3, 1, buffer.as_raw_fd(), 0) };
    if at as isize == -1 {
        return Err(Error::last_os_error());
    }
    let bytes = unsafe { std::slice::from_raw_parts_mut(at as *mut u8, len) };
    sync(&buffer, SYNC_WRITE)?;
    bytes[..5].copy_from_slice(b"hello");
    sync(&buffer, SYNC_END | SYNC_WRITE)?;
    sync(&buffer, SYNC_READ)?;
    println!("{} {}", String::from_utf8_lossy(&bytes[..5]), bytes.len());
    sync(&buffer, SYNC_END | SYNC_READ)?;
    unsafe { munmap(at, len) };
    Ok(())
}
