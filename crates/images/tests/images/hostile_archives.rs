//! The same harm in every kind of archive that packages come in: refused, and the message names the entry.

use std::io::{Seek as _, Write as _};

use rcrepro_archive::tar::MemberKind;
use rcrepro_archive::tar::unchecked::UncheckedMember;
use rcrepro_images::oci::OciError;
use rcrepro_images::oci::layer_tree::{LayerRules, PackageWriter, UnpackedPackage};
use rcrepro_images::packages::{PackageError, deb, go_module, npm};
use rcrepro_model::image::layer::LayerLimits;
use rcrepro_testkit::archives::{ar_of, file, gzip, link, tar_of, xz, zip_of, zstd};

/// Small enough to go beyond in a moment.
const LIMITS: LayerLimits = LayerLimits { bytes: 1 << 20, entries: 100 };
/// What the bombs unpack to, each out of less than a fiftieth of it.
const BOMB: usize = 8 << 20;

/// Why an archive was refused: by its reader, or by the tree that it was unpacked into.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(transparent)]
    Package(#[from] PackageError),
    #[error(transparent)]
    Oci(#[from] OciError),
}

/// Names the kinds of archives that are tars inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    DebXz,
    DebGz,
    DebZst,
    DebPlain,
    Npm,
}

const KINDS: [Kind; 5] = [Kind::DebXz, Kind::DebGz, Kind::DebZst, Kind::DebPlain, Kind::Npm];

impl Kind {
    fn archive(self, tar: &[u8]) -> Vec<u8> {
        let deb = |name: &str, data: &[u8]| ar_of(&[("debian-binary", b"2.0\n"), ("control.tar", b""), (name, data)]);
        match self {
            Self::DebXz => deb("data.tar.xz", &xz(tar)),
            Self::DebGz => deb("data.tar.gz", &gzip(tar)),
            Self::DebZst => deb("data.tar.zst", &zstd(tar)),
            Self::DebPlain => deb("data.tar", tar),
            Self::Npm => gzip(tar),
        }
    }

    fn unpack(self, archive: &[u8]) -> Result<UnpackedPackage, String> {
        let mut package = PackageWriter::within(LIMITS, "pkg", LayerRules::default()).expect("begins");
        let sink = &mut |entry, content: &mut dyn std::io::Read| Ok::<_, Refused>(package.add(entry, content)?);
        let place = [(".".to_owned(), "opt".parse().expect("a path"))].into();
        let read = match self {
            Self::Npm => npm::read_npm("pkg", archive, &place, sink),
            _ => deb::read_deb("pkg", archive, sink),
        };
        read.map_err(|error| {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
            format!("{error}{cause}")
        })?;
        Ok(package.finish().expect("ends"))
    }

    fn refusal(self, tar: &[u8]) -> String {
        let archive = self.archive(tar);
        self.unpack(&archive).err().unwrap_or_else(|| panic!("{self:?}: nothing was refused"))
    }
}

const GOOD: UncheckedMember<'_> =
    UncheckedMember { kind: MemberKind::File, name: "./usr/good", mode: 0o644, link: "", content: b"A" };

#[test]
fn good_archives_of_every_kind_are_taken() {
    for kind in KINDS {
        kind.unpack(&kind.archive(&tar_of(&[GOOD]))).unwrap_or_else(|error| panic!("{kind:?}: {error}"));
    }
}

#[test]
fn names_links_devices_and_doubles() {
    let special = |kind, name| UncheckedMember { kind, name, mode: 0o666, link: "", content: b"" };
    for kind in KINDS {
        for (bad, entry, reason) in [
            (file("../evil", 0o644, b""), "`../evil`", "leaves the package"),
            (file("./usr/../../evil", 0o644, b""), "`./usr/../../evil`", "leaves the package"),
            (file("/etc/shadow", 0o644, b""), "`/etc/shadow`", "absolute"),
            (
                link(MemberKind::Hardlink, "./usr/hard", "../../etc/shadow"),
                "`./usr/hard`",
                "hard link out of the package",
            ),
            (link(MemberKind::Hardlink, "./usr/hard", "/etc/shadow"), "`./usr/hard`", "hard link out of the package"),
            (special(MemberKind::BlockDevice, "./dev/sda"), "`./dev/sda`", "a device"),
            (special(MemberKind::CharDevice, "./dev/mem"), "`./dev/mem`", "a device"),
            (special(MemberKind::Fifo, "./pipe"), "`./pipe`", "a named pipe"),
            (file("./usr/good", 0o644, b"other"), "/good`", "twice"),
            (
                link(MemberKind::Symlink, "./usr/good", "/etc"),
                "good`",
                if kind == Kind::Npm { "a link" } else { "twice" },
            ),
        ] {
            let message = kind.refusal(&tar_of(&[GOOD, bad]));
            assert!(message.contains(entry) && message.contains(reason), "{kind:?} {entry}: {message}");
        }
    }
}

#[test]
fn bombs_end_at_the_limit() {
    let many: Vec<_> = (0..101).map(|index| format!("./usr/{index}")).collect();
    let many: Vec<_> = many.iter().map(|name| file(name, 0o644, b"")).collect();
    let zeros = vec![0; BOMB];
    let mut tail = tar_of(&[GOOD]);
    tail.extend_from_slice(&zeros);
    for kind in KINDS {
        let big = tar_of(&[GOOD, file("./usr/big", 0o644, &zeros)]);
        if kind != Kind::DebPlain {
            assert!(kind.archive(&big).len() < BOMB / 50, "{kind:?} is small");
        }
        let message = kind.refusal(&big);
        assert!(message.contains("/big` takes it beyond the 1048576 bytes"), "{kind:?}: {message}");
        let message = kind.refusal(&tar_of(&many));
        assert!(message.contains("/100` takes it beyond the 100 entries"), "{kind:?}: {message}");
        let message = kind.refusal(&long_name(&zeros));
        assert!(
            message.contains("`./usr/good` is refused: more than 1 MiB of headers follow it"),
            "{kind:?}: {message}"
        );
        let message = kind.refusal(&tail);
        assert!(message.contains("`./usr/good` is refused: more than 1 MiB follows it"), "{kind:?}: {message}");
        // Refused before a byte of it is unpacked, and also where the entry would be left out.
        let message = kind.refusal(&claiming("./usr/huge", (4 << 30) + 1));
        assert!(
            message.contains("`./usr/huge` is refused: it takes the package beyond the 4 GiB"),
            "{kind:?}: {message}"
        );
    }
}

/// Makes a tar whose second entry has a name of the given bytes, which GNU tar writes as an entry before it.
fn long_name(name: &[u8]) -> Vec<u8> {
    tar_of(&[
        GOOD,
        UncheckedMember { kind: MemberKind::Other(b'L'), name: "././@LongLink", mode: 0, link: "", content: name },
    ])
}

/// Makes a tar with an entry that says it is so large, and is not.
fn claiming(name: &str, size: u64) -> Vec<u8> {
    let member = UncheckedMember { kind: MemberKind::File, name, mode: 0o644, link: "", content: b"" };
    [member.header(size), vec![0; 1024]].concat()
}

#[test]
fn what_is_cut_is_never_taken_for_the_whole() {
    for kind in KINDS {
        let whole = kind.archive(&tar_of(&[file("./usr/a", 0o644, &[7; 3000]), GOOD]));
        for cut in [whole.len() / 3, whole.len() / 2, whole.len() - 9] {
            // The last bytes of a plain tar are its padding; nothing is lost with them.
            if kind != Kind::DebPlain || cut < whole.len() / 2 {
                assert!(kind.unpack(&whole[..cut]).is_err(), "{kind:?} cut at {cut} of {}", whole.len());
            }
        }
    }
}

fn unzip(bytes: &[u8]) -> Result<String, String> {
    let mut zip = tempfile::tempfile().expect("a file");
    zip.write_all(bytes).expect("written");
    zip.rewind().expect("rewinds");
    let mut package = PackageWriter::within(LIMITS, "pkg", LayerRules::default()).expect("begins");
    let sink = &mut |entry, content: &mut dyn std::io::Read| Ok::<_, Refused>(package.add(entry, content)?);
    let into = "usr/local/go".parse().expect("a path");
    go_module::read_toolchain("pkg", "m@v1", zip, &into, sink).map_err(|error| error.to_string())
}

/// Gives the Unix mode of every entry of a zip another value, as no writer would.
fn with_mode(mut zip: Vec<u8>, mode: u16) -> Vec<u8> {
    for at in 0..zip.len() - 46 {
        if zip[at..].starts_with(b"PK\x01\x02") {
            // "Made by" Unix, and the upper half of the external attributes.
            zip[at + 5] = 3;
            zip[at + 40..at + 42].copy_from_slice(&mode.to_le_bytes());
        }
    }
    zip
}

fn replaced(mut bytes: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
    for at in 0..=bytes.len() - from.len() {
        if bytes[at..].starts_with(from) {
            bytes[at..at + from.len()].copy_from_slice(to);
        }
    }
    bytes
}

#[test]
fn toolchain_zips_hold_files_below_the_prefix_only() {
    assert!(unzip(&zip_of(&[("m@v1/bin/go", b"go")])).is_ok());
    for bad in ["m@v1/../../evil", "/etc/passwd", "other@v1/x", "m@v1evil", "m@v1/a/", "m@v1//etc/x", "../m@v1/x"] {
        let message = unzip(&zip_of(&[("m@v1/good", b""), (bad, b"")])).expect_err(bad);
        assert!(message.contains(&format!("`{bad}`")), "{message}");
    }
}

#[test]
fn toolchain_zips_hold_no_links_devices_doubles_or_bombs() {
    let one = zip_of(&[("m@v1/x", b"/etc/shadow")]);
    assert!(unzip(&with_mode(one.clone(), 0o100_755)).is_ok());
    for (what, mode) in [("symlink", 0o120_777), ("block", 0o060_666), ("char", 0o020_666), ("pipe", 0o010_666)] {
        let message = unzip(&with_mode(one.clone(), mode)).expect_err(what);
        assert!(message.contains("`m@v1/x` is refused: no plain file"), "{what}: {message}");
    }
    let twice = replaced(zip_of(&[("m@v1/a", b"1"), ("m@v1/b", b"2")]), b"m@v1/b", b"m@v1/a");
    let message = unzip(&twice).expect_err("twice");
    assert!(message.contains("`m@v1/a` is refused: it comes twice"), "{message}");
    // What a toolchain's file is renamed to may be there already.
    let message = unzip(&zip_of(&[("m@v1/go.mod", b"1"), ("m@v1/_go.mod", b"2")])).expect_err("renamed");
    assert!(message.contains("go.mod` occurs twice"), "{message}");
    let bomb = zip_of(&[("m@v1/big", &vec![0; BOMB])]);
    assert!(bomb.len() < 64 << 10);
    let message = unzip(&bomb).expect_err("a bomb");
    assert!(message.contains("big` takes it beyond the 1048576 bytes"), "{message}");
    let names: Vec<_> = (0..101).map(|index| format!("m@v1/{index}")).collect();
    let files: Vec<_> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    let message = unzip(&zip_of(&files)).expect_err("many");
    assert!(message.contains("takes it beyond the 100 entries"), "{message}");
}
