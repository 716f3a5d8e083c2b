//! Archives made to order: tar, Debian packages, npm tarballs and zips, however bad.

pub use rcrepro_compression::pack::{gzip, xz, zstd};
use tar::{EntryType, Header};

/// One entry of a tar archive, written as it is told, however bad that is.
pub struct Item<'a> {
    /// The header's type flag.
    pub kind: EntryType,
    /// Its path, unchecked.
    pub name: &'a str,
    /// Its mode bits.
    pub mode: u32,
    /// Where a link leads.
    pub link: &'a str,
    /// The bytes of a file.
    pub content: &'a [u8],
}

/// Makes an entry of a plain file.
pub fn file<'a>(name: &'a str, mode: u32, content: &'a [u8]) -> Item<'a> {
    Item { kind: EntryType::Regular, name, mode, link: "", content }
}

/// Makes an entry of a link or a folder.
pub fn link<'a>(kind: EntryType, name: &'a str, link: &'a str) -> Item<'a> {
    Item { kind, name, mode: 0o777, link, content: b"" }
}

/// Makes a tar archive. Names go straight into the header: the tar crate's own setters would refuse what we want to see
/// refused.
pub fn tar_of(items: &[Item<'_>]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for item in items {
        let mut header = Header::new_gnu();
        header.set_entry_type(item.kind);
        header.set_mode(item.mode);
        header.set_uid(4711);
        header.set_gid(4712);
        header.set_mtime(1_234_567);
        header.set_size(item.content.len() as u64);
        let gnu = header.as_gnu_mut().expect("a GNU header");
        if item.name.len() > 100 {
            header.set_cksum();
            tar.append_data(&mut header, item.name, item.content).expect("appends");
            continue;
        }
        gnu.name[..item.name.len()].copy_from_slice(item.name.as_bytes());
        gnu.linkname[..item.link.len()].copy_from_slice(item.link.as_bytes());
        header.set_cksum();
        tar.append(&header, item.content).expect("appends");
    }
    tar.into_inner().expect("ends")
}

/// Makes a Debian package of these entries.
pub fn deb_of(items: &[Item<'_>]) -> Vec<u8> {
    let data = xz(&tar_of(items));
    ar_of(&[("debian-binary", b"2.0\n"), ("control.tar.xz", b"never read"), ("data.tar.xz", &data)])
}

/// Makes an `ar` archive of named members.
pub fn ar_of(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = b"!<arch>\n".to_vec();
    for (name, bytes) in members {
        let header = format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", 0, 0, 0, 100_644, bytes.len());
        archive.extend_from_slice(header.as_bytes());
        archive.extend_from_slice(bytes);
        archive.extend_from_slice(&b"\n"[..bytes.len() % 2]);
    }
    archive
}

/// Makes a gzipped tar archive.
pub fn tgz_of(items: &[Item<'_>]) -> Vec<u8> {
    gzip(&tar_of(items))
}

/// Makes a zip of named files.
pub fn zip_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    rcrepro_archive::zip::deflated(files.iter().copied()).expect("a zip")
}
