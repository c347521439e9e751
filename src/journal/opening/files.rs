//! The journal's files: a local disk, readable by nobody else, used by one bridge at a time.

use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use rustix::process::geteuid;

use crate::journal::error::OpenError;

const SQLITE_MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// So much of the log is held in memory at a time, in bytes.
const PART: usize = 1 << 20;

/// Makes the folder and the files ready for SQLite, and holds the lock for as long as the returned file lives.
///
/// This opens and closes the database file, which drops SQLite's own locks on it: only call it before SQLite opens it.
pub(in crate::journal) fn prepare(database: &Path) -> Result<File, OpenError> {
    let folder = folder_of(database);
    make_folder(&folder)?;
    refuse_network(&folder)?;
    let lock = take_lock(database)?;
    refuse_foreign_content(database, &mut private_file(database)?)?;
    let [log, index] = ["-wal", "-shm"].map(|suffix| beside(database, suffix));
    if log.symlink_metadata().is_ok() {
        write_again(&private_file(&log)?).map_err(at(&log))?;
    }
    if index.symlink_metadata().is_ok() {
        private_file(&index)?;
    }
    // The new file's name must survive a power cut too; SQLite does this only for files that it makes itself.
    File::open(&folder).and_then(|folder| folder.sync_all()).map_err(at(&folder))?;
    Ok(lock)
}

/// Looks whether SQLite may open the database, and changes nothing. `false` where there is none yet.
pub(super) fn look(database: &Path) -> Result<bool, OpenError> {
    let folder = folder_of(database);
    if folder.exists() {
        refuse_shared(&folder)?;
        refuse_network(&folder)?;
    }
    if !database.exists() {
        return Ok(false);
    }
    let mut file = File::open(database).map_err(at(database))?;
    refuse_foreign_content(database, &mut file).map(|()| true)
}

/// The database and its log on disk, in bytes. Reads only the folder's entries: opening the file would drop SQLite's
/// locks.
pub(in crate::journal) fn size_bytes(database: &Path) -> u64 {
    [database.to_owned(), beside(database, "-wal")]
        .iter()
        .filter_map(|path| path.metadata().ok())
        .map(|metadata| metadata.len())
        .sum()
}

/// After a sync that failed, the system may hold in memory alone what it calls written. SQLite would find it there and commit
/// behind it, and a power cut would take all of that along. Written once more it is on disk, or the start fails.
fn write_again(log: &File) -> std::io::Result<()> {
    let (mut part, mut position) = (vec![0; PART], 0);
    loop {
        let length = log.read_at(&mut part, position)?;
        if length == 0 {
            return log.sync_all();
        }
        log.write_all_at(&part[..length], position)?;
        position += length as u64;
    }
}

fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

fn folder_of(database: &Path) -> PathBuf {
    match database.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn at(path: &Path) -> impl FnOnce(std::io::Error) -> OpenError {
    let path = path.to_owned();
    move |cause| {
        if cause.kind() == ErrorKind::PermissionDenied && path.is_file() {
            OpenError::NotOurs { folder: folder_of(&path), path, cause }
        } else {
            OpenError::File { path, cause }
        }
    }
}

/// A folder that exists keeps its mode: it may be somebody's home. A link to the folder is fine: systemd's `DynamicUser` makes
/// one.
fn make_folder(folder: &Path) -> Result<(), OpenError> {
    if !folder.exists() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(at(folder))?;
        std::fs::set_permissions(folder, Permissions::from_mode(0o700)).map_err(at(folder))?;
    }
    refuse_shared(folder)
}

/// Others may look into the folder (the files are private) but must not be able to swap the files.
fn refuse_shared(folder: &Path) -> Result<(), OpenError> {
    let mode = folder.metadata().map_err(at(folder))?.mode();
    if mode & 0o022 == 0 { Ok(()) } else { Err(OpenError::FolderWritableByOthers(folder.to_owned())) }
}

/// Opens or makes a file of ours with mode 0600, whatever the umask and whatever mode it had.
fn private_file(path: &Path) -> Result<File, OpenError> {
    if path.symlink_metadata().is_ok_and(|found| !found.is_file()) {
        return Err(OpenError::NotRegular(path.to_owned()));
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600).custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
    let file = match options.clone().create_new(true).open(path) {
        Ok(made) => give(&made, &folder_of(path)).map(|()| made),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => options.open(path),
        Err(error) => Err(error),
    };
    let file = file.map_err(at(path))?;
    file.set_permissions(Permissions::from_mode(0o600)).map_err(at(path))?;
    Ok(file)
}

/// What root makes belongs to whoever the folder belongs to: the bridge, which does not run as root, could not open it.
fn give(made: &File, folder: &Path) -> std::io::Result<()> {
    if !geteuid().is_root() {
        return Ok(());
    }
    let folder = folder.metadata()?;
    fchown(made, Some(folder.uid()), Some(folder.gid()))
}

fn take_lock(database: &Path) -> Result<File, OpenError> {
    let path = beside(database, ".lock");
    let lock = private_file(&path)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(database.to_owned())),
        Err(TryLockError::Error(cause)) => Err(OpenError::File { path, cause }),
    }
}

fn refuse_foreign_content(path: &Path, file: &mut File) -> Result<(), OpenError> {
    let mut start = [0; SQLITE_MAGIC.len()];
    match file.read_exact(&mut start) {
        Ok(()) if start == *SQLITE_MAGIC => Ok(()),
        Ok(()) => Err(OpenError::NotAJournal(path.to_owned())),
        Err(cause) if cause.kind() == ErrorKind::UnexpectedEof => match file.metadata().map_err(at(path))?.len() {
            0 => Ok(()),
            _ => Err(OpenError::NotAJournal(path.to_owned())),
        },
        Err(cause) => Err(OpenError::File { path: path.to_owned(), cause }),
    }
}

#[cfg(target_os = "linux")]
fn refuse_network(folder: &Path) -> Result<(), OpenError> {
    let statistics = rustix::fs::statfs(folder).map_err(|error| at(folder)(error.into()))?;
    // The type of the number differs between architectures; all magic numbers are 32 bits wide.
    let magic = (i128::from(statistics.f_type) & 0xffff_ffff) as u32;
    let kind = match network_file_system(magic) {
        None if magic == FUSE => fuse_file_system(folder).filter(|kind| is_network_fuse(kind)),
        kind => kind.map(ToOwned::to_owned),
    };
    match kind {
        None => Ok(()),
        Some(kind) => Err(OpenError::NetworkFileSystem { path: folder.to_owned(), kind }),
    }
}

#[cfg(not(target_os = "linux"))]
fn refuse_network(_: &Path) -> Result<(), OpenError> {
    Ok(())
}

#[cfg(target_os = "linux")]
const FUSE: u32 = 0x6573_5546;

/// The magic numbers of `statfs(2)` of file systems that are shared between machines.
#[cfg(target_os = "linux")]
fn network_file_system(magic: u32) -> Option<&'static str> {
    Some(match magic {
        0x6969 => "NFS",
        0x517b | 0xff53_4d42 | 0xfe53_4d42 => "SMB",
        0x0102_1997 => "9p",
        0x00c3_6400 => "Ceph",
        0x5346_414f | 0x6b41_4653 => "AFS",
        0x7375_7245 => "Coda",
        0x564c => "NCP",
        0x0bd0_0bd0 => "Lustre",
        0x7461_636f => "OCFS2",
        0x0116_1970 => "GFS2",
        0x786f_4256 => "vboxsf",
        _ => return None,
    })
}

/// Every FUSE file system has the same magic number; the table of mounts knows more.
#[cfg(target_os = "linux")]
fn fuse_file_system(folder: &Path) -> Option<String> {
    let device = folder.metadata().ok()?.dev();
    let device = format!("{}:{}", rustix::fs::major(device), rustix::fs::minor(device));
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    mounts.lines().find_map(|mount| {
        let (place, kind) = mount.split_once(" - ")?;
        (place.split(' ').nth(2)? == device).then(|| kind.split(' ').next().unwrap_or_default().to_owned())
    })
}

#[cfg(target_os = "linux")]
fn is_network_fuse(kind: &str) -> bool {
    ["sshfs", "s3fs", "rclone", "glusterfs", "gcsfuse", "ceph", "davfs", "curlftpfs", "moosefs", "smb"]
        .iter()
        .any(|network| kind.contains(network))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// As a test that root runs cannot see it: root may open everything.
    #[test]
    fn a_file_that_root_has_put_there_is_told_with_the_way_out() {
        let folder = tempfile::tempdir().unwrap();
        let (path, folder) = (folder.path().join("journal.db"), folder.path().display().to_string());
        let refused = || at(&path)(ErrorKind::PermissionDenied.into()).to_string();
        assert!(refused().contains("folder of its own"), "where there is none, the folder is at fault: {}", refused());
        std::fs::write(&path, "").unwrap();
        let way_out = format!("chown --reference={folder} {}", path.display());
        assert!(refused().ends_with(&way_out), "{}", refused());
    }

    #[test]
    fn file_systems_of_other_machines_are_recognised() {
        for magic in [0x6969, 0xff53_4d42, 0xfe53_4d42, 0x517b, 0x0102_1997, 0x00c3_6400] {
            assert!(network_file_system(magic).is_some(), "{magic:#x}");
        }
        let (ext4, xfs, btrfs, tmpfs, overlay) = (0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994, 0x794c_7630);
        for magic in [ext4, xfs, btrfs, tmpfs, overlay, FUSE] {
            assert_eq!(network_file_system(magic), None, "{magic:#x}");
        }
        assert!(is_network_fuse("fuse.sshfs") && is_network_fuse("fuse.rclone"));
        assert!(!is_network_fuse("fuseblk") && !is_network_fuse("fuse.lazyfs"));
    }
}
