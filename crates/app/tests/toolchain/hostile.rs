//! Packages that mean harm are refused, and the message names the entry.

use rcrepro_app::toolchain::lock::lock_pinned;
use rcrepro_archive::tar::MemberKind;
use rcrepro_archive::tar::unchecked::UncheckedMember;
use rcrepro_store::memory::MemoryStore;
use rcrepro_testkit::archives::{ar_of, deb_of, file, link};
use rcrepro_testkit::toolchain::{base_pins, context, name, tool_deb, write_definitions};

async fn refusal(deb: &[u8]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let images = write_definitions(folder.path());
    let store = MemoryStore::default();
    let error = lock_pinned(&context(&store), &images, &name("base"), base_pins(&store, deb)).await;
    let error = error.expect_err("a hostile package");
    assert!(!images.lock_path(&name("base")).exists(), "a lock was written: {error}");
    let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("{error}{cause}")
}

#[tokio::test]
async fn entries_that_could_leave_the_layer_or_are_no_plain_things() {
    let device = |kind, name| UncheckedMember { kind, name, mode: 0o666, link: "", content: b"" };
    let good = file("./usr/share/certs/a.pem", 0o644, b"A");
    for (bad, entry, reason) in [
        (file("../evil", 0o644, b""), "../evil", "leaves the package"),
        (file("./usr/../../evil", 0o644, b""), "./usr/../../evil", "leaves the package"),
        (file("/etc/shadow", 0o644, b""), "/etc/shadow", "absolute"),
        (file("./usr//double", 0o644, b""), "./usr//double", "is not a path"),
        (link(MemberKind::Hardlink, "./usr/hard", "../../etc/shadow"), "./usr/hard", "hard link out of the package"),
        (link(MemberKind::Hardlink, "./usr/hard", "./usr/nothing"), "usr/hard", "not an earlier file"),
        (link(MemberKind::Symlink, "./usr/soft", ""), "./usr/soft", "symbolic link"),
        (device(MemberKind::BlockDevice, "./dev/sda"), "./dev/sda", "device"),
        (device(MemberKind::CharDevice, "./dev/mem"), "./dev/mem", "device"),
        (device(MemberKind::Fifo, "./pipe"), "./pipe", "named pipe"),
        (file("./usr/share/certs/a.pem", 0o644, b"other"), "usr/share/certs/a.pem", "twice"),
        (file("./usr/share/certs/a.pem/below", 0o644, b""), "usr/share/certs/a.pem/below", "other than a folder"),
        (
            file("./etc/hosts", 0o644, b"evil"),
            "etc/hosts",
            "differs between pkg:deb/debian/tool@1.0%2Bb1?arch=amd64 and images/base.toml",
        ),
    ] {
        let message = refusal(&deb_of(&[file("./usr/share/certs/a.pem", 0o644, good.content), bad])).await;
        assert!(message.contains(entry) && message.contains(reason), "{entry}: {message}");
    }
}

#[tokio::test]
async fn a_path_through_another_packages_link() {
    let deb =
        deb_of(&[link(MemberKind::Symlink, "./usr/share/certs", "/etc"), file("./usr/share/certs/a.pem", 0o644, b"")]);
    let message = refusal(&deb).await;
    assert!(message.contains("`usr/share/certs/a.pem` lies below `usr/share/certs`"), "{message}");
}

#[tokio::test]
async fn files_that_are_no_whole_packages() {
    let whole = tool_deb();
    assert!(refusal(&whole[..whole.len() / 2]).await.contains("pkg:deb/debian/tool@1.0%2Bb1"));
    assert!(refusal(b"not an archive").await.contains("pkg:deb/debian/tool@1.0%2Bb1"));
    assert!(refusal(&ar_of(&[("debian-binary", b"2.0\n")])).await.contains("no data archive"));
    let odd = ar_of(&[("debian-binary", b"2.0\n"), ("data.tar.lz", b"")]);
    assert!(refusal(&odd).await.contains("`data.tar.lz` is compressed in a way that is not known"));
    assert!(refusal(&ar_of(&[("control.tar", b"")])).await.contains("not a Debian package"));
}
