//! Archives made to order: tar, Debian packages, npm tarballs and zips, however bad.

use rcrepro_archive::tar::MemberKind;
use rcrepro_archive::tar::unchecked::UncheckedMember;
pub use rcrepro_archive::tar::unchecked::archive as tar_of;
use rcrepro_archive::tar::writer::{MemberAttributes, TarFormat, TarWriter};
pub use rcrepro_compression::pack::{gzip, xz, zstd};

/// Makes an entry of a plain file.
pub fn file<'a>(name: &'a str, mode: u32, content: &'a [u8]) -> UncheckedMember<'a> {
    UncheckedMember { kind: MemberKind::File, name, mode, link: "", content }
}

/// Makes an entry of a link or a folder.
pub fn link<'a>(kind: MemberKind, name: &'a str, link: &'a str) -> UncheckedMember<'a> {
    UncheckedMember { kind, name, mode: 0o777, link, content: b"" }
}

/// Makes a Debian package of these entries.
pub fn deb_of(items: &[UncheckedMember<'_>]) -> Vec<u8> {
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
pub fn tgz_of(items: &[UncheckedMember<'_>]) -> Vec<u8> {
    gzip(&tar_of(items))
}

/// Makes a zip of named files.
pub fn zip_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    rcrepro_archive::zip::deflated(files.iter().copied()).expect("a zip")
}

/// Makes a layer of an image: of each file its path, mode, user and group, and content.
pub fn layer_of(files: &[(&str, u32, u32, Vec<u8>)]) -> Vec<u8> {
    let mut layer = TarWriter::new(Vec::new(), TarFormat::Gnu);
    for (path, mode, owner, content) in files {
        let attributes = MemberAttributes { mode: *mode, uid: *owner, gid: *owner, mtime: 1 };
        layer.file(path, attributes, content.len() as u64, &mut &**content).expect("written");
    }
    layer.finish().expect("ended")
}
