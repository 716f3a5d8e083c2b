//! Layers as others pack them, and layers that nobody should unpack.

use rcrepro_archive::tar::MemberKind;
use rcrepro_archive::tar::unchecked::UncheckedMember;
use rcrepro_images::oci::validate::FaultName;
use rcrepro_model::content::digest::Sha256;
use rcrepro_testkit::archives::{file, gzip, link, tar_of};
use rcrepro_testkit::surveyed::{Files, check};
use serde_json::json;

const TAR: &str = "application/vnd.oci.image.layer.v1.tar";

/// Makes a layout with one layer: `packed` as the blob holds it, `plain` as the config knows it.
fn layout(packed: &[u8], plain: &[u8], media_type: &str) -> Files {
    let mut files = Files::new();
    let mut blob = |bytes: &[u8], media_type: &str| {
        let hash = Sha256::of(bytes);
        files.insert(format!("blobs/sha256/{hash}"), bytes.to_vec());
        json!({ "mediaType": media_type, "digest": hash.to_oci(), "size": bytes.len() })
    };
    let layer = blob(packed, media_type);
    let config = json!({
        "architecture": "amd64", "os": "linux",
        "rootfs": { "type": "layers", "diff_ids": [Sha256::of(plain).to_oci()] },
    });
    let config = blob(config.to_string().as_bytes(), "application/vnd.oci.image.config.v1+json");
    let kind = "application/vnd.oci.image.manifest.v1+json";
    let manifest = json!({ "schemaVersion": 2, "mediaType": kind, "config": config, "layers": [layer] });
    let manifest = blob(manifest.to_string().as_bytes(), kind);
    let index = json!({ "schemaVersion": 2, "manifests": [manifest] });
    files.insert("index.json".to_owned(), index.to_string().into_bytes());
    files.insert("oci-layout".to_owned(), br#"{"imageLayoutVersion": "1.0.0"}"#.to_vec());
    files
}

/// Writes a Zstandard frame with one raw block: RFC 8878 §3.1.1, a single segment with four bytes of size.
fn zstd(bytes: &[u8]) -> Vec<u8> {
    let size = u32::try_from(bytes.len()).expect("small");
    let block = (size << 3 | 1).to_le_bytes();
    [&[0x28, 0xb5, 0x2f, 0xfd, 0xa0][..], &size.to_le_bytes(), &block[..3], bytes].concat()
}

fn faults(files: &Files) -> Vec<FaultName> {
    check(files).faults.iter().map(|fault| fault.name).collect()
}

#[test]
fn compressed_layers_are_checked_by_what_they_hold() {
    let tar = tar_of(&[file("etc/x", 0o644, b"x"), link(MemberKind::Symlink, "abs", "/etc/x")]);
    let (gz, zst) = (gzip(&tar), zstd(&tar));
    for (packed, kind) in [(&tar, ""), (&gz, "+gzip"), (&zst, "+zstd")] {
        assert_eq!(faults(&layout(packed, &tar, &format!("{TAR}{kind}"))), [], "{kind}");
        // The right content under the wrong type, and the wrong content under the right one.
        let other = if kind == "+gzip" { "+zstd" } else { "+gzip" };
        assert_eq!(faults(&layout(packed, &tar, &format!("{TAR}{other}"))), [FaultName::MediaType]);
        assert_eq!(faults(&layout(packed, b"other", &format!("{TAR}{kind}"))), [FaultName::DiffIdDiffers]);
        let short = &packed[..packed.len() - 20];
        assert!(faults(&layout(short, &tar, &format!("{TAR}{kind}"))).contains(&FaultName::Malformed), "{kind} is cut");
    }
    let (begin, end) = tar.split_at(tar.len() / 2);
    let members = [gzip(begin), gzip(end)].concat();
    assert_eq!(faults(&layout(&members, &tar, &format!("{TAR}+gzip"))), [], "two members");
    let frames = [zstd(begin), zstd(end)].concat();
    assert_eq!(faults(&layout(&frames, &tar, &format!("{TAR}+zstd"))), [], "two frames");
    let trailing = [gz.as_slice(), b"more"].concat();
    assert_eq!(faults(&layout(&trailing, &tar, &format!("{TAR}+gzip"))), [FaultName::Malformed]);
    assert_eq!(faults(&layout(b"no archive", b"", TAR)), [FaultName::Malformed]);
    assert_eq!(faults(&layout(&[0; 1024], &[0; 1024], TAR)), [], "a layer may be empty");
}

#[test]
fn entries_that_leave_the_layer_or_come_twice_are_named() {
    let items = [
        file("../up", 0o644, b""),
        file("a/../../up", 0o644, b""),
        file("/etc/passwd", 0o644, b""),
        link(MemberKind::Hardlink, "hard", "../../etc/shadow"),
        file("twice", 0o644, b"1"),
        file("./twice", 0o644, b"2"),
        file("good", 0o644, b""),
    ];
    let tar = tar_of(&items);
    let validation = check(&layout(&gzip(&tar), &tar, &format!("{TAR}+gzip")));
    let expected = [
        (FaultName::DuplicateEntry, "`./twice`"),
        (FaultName::EntryName, "`../up`"),
        (FaultName::EntryName, "`/etc/passwd`"),
        (FaultName::EntryName, "`a/../../up`"),
        (FaultName::EntryLink, "`hard`"),
    ];
    assert_eq!(validation.faults.len(), expected.len(), "{:#?}", validation.faults);
    for (name, entry) in expected {
        let found = validation.faults.iter().any(|fault| fault.name == name && fault.object.ends_with(entry));
        assert!(found, "{name:?} {entry}: {:#?}", validation.faults);
    }
}

#[test]
fn a_path_through_a_link_is_a_fault_and_a_device_is_a_note() {
    let items = [
        link(MemberKind::Symlink, "a/out", "/etc"),
        file("./a/out/passwd", 0o644, b""),
        file("a/outer/passwd", 0o644, b""),
        link(MemberKind::CharDevice, "dev/sda", ""),
        link(MemberKind::Fifo, "run/pipe", ""),
    ];
    let tar = tar_of(&items);
    let validation = check(&layout(&tar, &tar, TAR));
    let named = |list: &[rcrepro_images::oci::validate::ImageFault]| -> Vec<(FaultName, String)> {
        list.iter().map(|one| (one.name, one.object.rsplit(' ').next().unwrap_or_default().to_owned())).collect()
    };
    assert_eq!(named(&validation.faults), [(FaultName::EntryBelowLink, "`./a/out/passwd`".to_owned())]);
    let notes: Vec<_> = named(&validation.notes).into_iter().filter(|(name, _)| *name == FaultName::Device).collect();
    assert_eq!(notes.iter().map(|(_, at)| at.as_str()).collect::<Vec<_>>(), ["`dev/sda`", "`run/pipe`"]);
}

#[test]
fn a_header_whose_sum_is_wrong_is_a_fault() {
    let item = UncheckedMember { kind: MemberKind::File, name: "x", mode: 0o644, link: "", content: &[7; 600] };
    let mut tar = tar_of(&[item, file("y", 0o644, b"y")]);
    tar[1536 + 3] = b'z';
    assert_eq!(faults(&layout(&tar, &tar, TAR)), [FaultName::Malformed], "digests are right, the tar is not");
}

/// What `docker save` of a classic store writes, with equal layers as links.
#[test]
fn docker_archives_are_checked_by_config_and_diff_ids() {
    let tar = tar_of(&[file("x", 0o644, b"x")]);
    let diff_id = Sha256::of(&tar).to_oci();
    let config = json!({
        "architecture": "amd64", "os": "linux", "rootfs": { "type": "layers", "diff_ids": [diff_id, diff_id] },
    })
    .to_string();
    let path = format!("{}.json", Sha256::of(config.as_bytes()));
    let list =
        json!([{ "Config": path, "RepoTags": ["x:1"], "Layers": ["one/layer.tar", "two/layer.tar"] }]).to_string();
    let archive = |config: &str, layer: &[u8]| {
        tar_of(&[
            link(MemberKind::Directory, "one/", ""),
            file("one/VERSION", 0o644, b"1.0"),
            file("one/json", 0o644, b"{}"),
            file("one/layer.tar", 0o644, layer),
            link(MemberKind::Symlink, "two/layer.tar", "../one/layer.tar"),
            file(&path, 0o644, config.as_bytes()),
            file("manifest.json", 0o644, list.as_bytes()),
            file("repositories", 0o644, b"{}"),
        ])
    };
    let judge = |archive: &[u8]| {
        let survey = rcrepro_images::oci::validate::sources::archive("archive", &mut &archive[..]).expect("readable");
        rcrepro_images::oci::validate::judge::judge(&survey, None)
    };
    let good = judge(&archive(&config, &tar));
    assert_eq!((good.faults, good.notes), (vec![], vec![]));
    assert_eq!(good.images[0].diff_ids, [Some(Sha256::of(&tar)); 2]);
    let mut spoiled = tar.clone();
    spoiled[512] ^= 1;
    let names = |archive: &[u8]| judge(archive).faults.iter().map(|fault| fault.name).collect::<Vec<_>>();
    assert_eq!(names(&archive(&config, &spoiled)), [FaultName::DiffIdDiffers; 2]);
    assert_eq!(names(&archive(&config.replace("amd64", "arm64"), &tar)), [FaultName::DigestDiffers]);
    let lost = archive(&config, &tar);
    // The second of the names is a link that leads nowhere once it says something else.
    let lost: Vec<u8> = String::from_utf8_lossy(&lost).replace("../one/layer.tar", "../not/layer.tar").into_bytes();
    assert!(!names(&lost).is_empty());
}
