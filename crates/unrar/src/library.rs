//! The interface of UnRAR, which is one of C, and what of the system's has to be unsafe too.
#![expect(
    unsafe_code,
    reason = "UnRAR is a library of C++ and has no other interface"
)]

use std::{
    ffi::{CString, c_int, c_long, c_uint},
    fs, io,
    os::fd::RawFd,
    ptr, slice,
};

use unrar_sys as sys;

/// What the library gets from outside, and gives there.
pub(crate) trait Port {
    /// Where the volume is that was fetched last.
    fn path(&self) -> &CString;
    /// Fetches the next volume in place of the last, if it can be had.
    fn fetch(&mut self) -> bool;
    /// Hands on decoded bytes, if somebody takes them.
    fn put(&mut self, bytes: &[u8]) -> bool;
}

/// The answer of a callback that ends the decoding, and the one that does not.
const STOP: c_int = -1;
const GO_ON: c_int = 1;

/// Decodes so many entries of the archive whose first volume was fetched, and gives the library's
/// number for how that went: 0 where all of them are right.
pub(crate) fn decode(port: &mut dyn Port, members: u32) -> c_int {
    let path = port.path().clone();
    let mut port = port;
    let mut data = sys::OpenArchiveDataEx::new(path.as_ptr(), sys::RAR_OM_EXTRACT);
    data.callback = Some(called);
    data.user_data = (&raw mut port) as c_long;
    // SAFETY: `data`, `path` and `port` outlive the archive, which is closed below; the library changes
    // `data`, which is why it is given as something that can be changed.
    let archive = unsafe { sys::RAROpenArchiveEx(&raw mut data) };
    if archive.is_null() || data.open_result != 0 {
        // Whatever is left of it goes with the process.
        return c_int::try_from(data.open_result)
            .ok()
            .filter(|code| *code != 0)
            .unwrap_or(sys::ERAR_UNKNOWN);
    }
    let mut code = sys::ERAR_SUCCESS;
    for _ in 0..members {
        let mut header = sys::HeaderDataEx::default();
        // SAFETY: `archive` is open, and `header` is what the library writes to.
        code = unsafe { sys::RARReadHeaderEx(archive, &raw mut header) };
        if code == sys::ERAR_SUCCESS {
            // SAFETY: `archive` is open; where no file is written, no place for it is named.
            code = unsafe { sys::RARProcessFile(archive, sys::RAR_TEST, ptr::null(), ptr::null()) };
        }
        if code != sys::ERAR_SUCCESS {
            break;
        }
    }
    // SAFETY: `archive` is open, and not used any more.
    unsafe { sys::RARCloseArchive(archive) };
    code
}

/// What the library calls: for the next volume, and with what it has decoded.
extern "C" fn called(message: c_uint, user: c_long, first: c_long, second: c_long) -> c_int {
    // SAFETY: this is the address that `decode` gave, which waits for the library; nobody else uses it
    // meanwhile, as the library calls from one thread at a time.
    let port = unsafe { &mut *(user as *mut &mut dyn Port) };
    let goes_on = match message {
        sys::UCM_PROCESSDATA => {
            let Ok(length) = usize::try_from(second) else {
                return STOP;
            };
            // SAFETY: the library says that so many bytes are there until this returns.
            port.put(unsafe { slice::from_raw_parts(first as *const u8, length) })
        }
        sys::UCM_CHANGEVOLUMEW if second == sys::RAR_VOL_ASK => {
            let is_there = port.fetch();
            let name = port.path().as_bytes_with_nul();
            for (place, letter) in name.iter().enumerate() {
                // SAFETY: the library has room for a name of many thousand letters there, and this has
                // about twenty.
                unsafe {
                    (first as *mut sys::WCHAR)
                        .add(place)
                        .write(sys::WCHAR::from(*letter));
                };
            }
            is_there
        }
        // It only tells which volume it has opened.
        sys::UCM_CHANGEVOLUME | sys::UCM_CHANGEVOLUMEW => second == sys::RAR_VOL_NOTIFY,
        // Passwords, and windows of many gigabytes.
        _ => false,
    };
    if goes_on { GO_ON } else { STOP }
}

/// Closes every descriptor but the standard ones: whatever was left open is nobody's here.
pub(crate) fn close_others() -> io::Result<()> {
    let names = fs::read_dir("/proc/self/fd")?
        .flatten()
        .map(|entry| entry.file_name());
    let open: Vec<RawFd> = names
        .filter_map(|name| name.to_str()?.parse().ok())
        .filter(|descriptor| *descriptor > 2)
        .collect();
    for descriptor in open {
        // That of the listing itself is closed already.
        if fs::symlink_metadata(format!("/proc/self/fd/{descriptor}")).is_ok() {
            // SAFETY: this is the first thing that the process does, so nothing in it uses it.
            unsafe { rustix::io::close(descriptor) };
        }
    }
    Ok(())
}

/// Leaves the networks of this machine for one without any, and gives up for good whatever more could be
/// gained by starting other programs. Not every system lets everybody do that; it goes without as well.
pub(crate) fn leave_network() {
    // SAFETY: neither touches the memory of this process, which has one thread only.
    let done = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
            | libc::unshare(libc::CLONE_NEWUSER | libc::CLONE_NEWNET)
    };
    let _ = done;
}
