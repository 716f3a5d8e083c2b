use super::*;
use std::collections::BTreeMap;

use super::bases::BaseTree;
use super::inspect::inspection;
use rcrepro_model::content::tree::{TreeBuilder, TreeNode};
use rcrepro_model::evidence::release_record::Parts;
use rcrepro_model::plan::release_image::ImageSettings;
use rcrepro_store::memory::MemoryStore;

/// A file, or a symbolic link if its mode is 0, whose content is its target.
type File<'a> = (&'a str, u32, &'a str);

/// Stores an image of these files, all of root's.
fn image(files: &[File<'_>], settings: &ImageSettings, store: &MemoryStore) -> Parts {
    let (mut tree, mut owners) = (TreeBuilder::default(), BTreeMap::new());
    for (path, mode, content) in files {
        let node = match mode {
            0 => TreeNode::Symlink { target: (*content).to_owned() },
            mode => {
                TreeNode::File { digest: store.put(content.as_bytes()).expect("stored"), executable: mode & 0o100 != 0 }
            }
        };
        tree.insert(&path.parse().expect("a path"), node).expect("new");
        owners.insert((*path).to_owned(), format!("{:04o} 0:0", if *mode == 0 { 0o777 } else { *mode }));
    }
    Parts {
        tree: tree.finish(&mut |_, bytes| store.put(&bytes).map(drop)).expect("stored"),
        config: store.put(&image_settings::encode(settings)).expect("stored"),
        owners: store.put(&serde_json::to_vec(&owners).expect("texts")).expect("stored"),
        manifest: None,
        image_config: None,
    }
}

/// The table of the plan, with the key `expect` as it is written there.
fn planned(expect: &str) -> ReleaseImage {
    let text = format!(
        "version = 1\nname = \"p\"\n[images.base]\nbuild = \"images/base.toml\"\n[[sets.all]]\nid = \"make\"\nrun = \"true\"\nimage = \"base\"\n[packets.RC-05]\ntitle = \"t\"\nsets = [\"all\"]\n[release-images.app]\n\
         dockerfile = \"Dockerfile\"\nbuilders = {{ BASE = \"base\" }}\nexpect = {{ {expect} }}\n\
         runs = [{{ arguments = [], stdout = \"\" }}]\n"
    );
    let plan = rcrepro_format::plan::plan_toml::parse(&text, &[]).expect("a plan");
    plan.release_images.into_values().next().expect("one")
}

/// Reads and validates an image that has these files in common with its base.
fn found(files: &[File<'_>], base: &[File<'_>], settings: &ImageSettings, expect: &str) -> Vec<String> {
    let store = MemoryStore::default();
    let (parts, plan) = (image(files, settings, &store), planned(expect));
    let base = image(base, settings, &store);
    let bases = || Ok(vec![BaseTree::of_parts("base".parse().expect("a name"), base, &store)]);
    let read = inspection(parts, bases, &store).expect("read");
    let inspection = Some(store.put(&inspection_json::encode(&read)).expect("stored"));
    let entry = BuiltEntry {
        target: String::new(),
        arguments: BTreeMap::new(),
        builders: BTreeMap::new(),
        builder: None,
        parts,
        again: parts,
        inspection,
        platforms: BTreeMap::new(),
        runs: Vec::new(),
        smoke: Vec::new(),
    };
    let found = validate(&"app".parse().expect("a name"), &plan, &entry, &store).expect("judged");
    found.into_iter().map(|one| format!("{}: {}", one.at.trim_start_matches("images.app."), one.found)).collect()
}

fn files_found(files: &[File<'_>], base: &[File<'_>], expect: &str) -> Vec<String> {
    found(files, base, &ImageSettings::default(), expect)
}

#[test]
fn a_set_id_file_needs_a_reason() {
    let su: &[File<'_>] = &[("usr/bin/su", 0o4755, "su"), ("usr/bin/id", 0o755, "id")];
    let surprise = "set-id:/usr/bin/su: mode 4755, owner 0:0: if it has to be, expect.set-id = [\"/usr/bin/su\"]";
    assert_eq!(files_found(su, &[], ""), [surprise]);
    assert_eq!(files_found(su, &[], "set-id = [\"/usr/bin/su\"]"), Vec::<String>::new());
    assert_eq!(files_found(su, su, ""), Vec::<String>::new(), "the base has it, too");
    for other in [("usr/bin/su", 0o755, "su"), ("usr/bin/su", 0o4755, "other"), ("bin/su", 0o4755, "su")] {
        assert_eq!(files_found(su, &[other], ""), [surprise], "{other:?} is another file");
    }
    assert!(files_found(&[("x", 0o2755, "x")], &[], "")[0].starts_with("set-id:/x: mode 2755"));
    let stale = "set-id:/usr/bin/id: no such set-id file: take it out of `expect.set-id`";
    assert_eq!(files_found(su, su, "set-id = [\"/usr/bin/id\"]"), [stale]);
}

#[test]
fn an_inspection_that_cannot_be_of_the_image_decides_nothing() {
    let store = MemoryStore::default();
    let parts = image(&[("su", 0o4755, "su")], &ImageSettings::default(), &store);
    let of = |path: &str, base: &str| {
        let mut inspection = inspection(parts, || Ok(Vec::new()), &store).expect("read");
        inspection.of_locked.insert(path.to_owned(), base.parse().expect("a name"));
        let settings = ImageSettings::default();
        let view = ImageView::read(parts, settings, inspection, &store).expect("read").expect("has owners");
        view.contradiction(&planned(""))
    };
    assert_eq!(of("su", "base"), None);
    assert!(of("other", "base").is_some_and(|found| found.starts_with("`/other`, which")));
    assert!(of("su", "other").is_some_and(|found| found.starts_with("files of the locked image `other`")));
}

/// A private key of nothing, written in two pieces so that nobody takes this file for one.
fn private_key() -> String {
    let body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7";
    format!("-----BEGIN PRIVATE {}-----\n{body}\n", "KEY")
}

#[test]
fn package_caches_are_named_by_their_folders() {
    let files: &[File<'_>] = &[
        ("home/app/.cache/pip/a", 0o644, "a"),
        ("home/app/.cache/pip/b/c", 0o644, "bc"),
        ("home/app/.cache/other", 0o644, "x"),
        ("root/.npm/_cacache/x", 0o644, "x"),
        ("usr/share/var/cache/apt/archives/a.deb", 0o644, "x"),
        ("var/cache/apt/archives/a.deb", 0o644, "x"),
        ("var/cache/apt/archives/lock", 0o640, "x"),
        ("var/lib/apt/lists/archive_InRelease", 0o644, "x"),
        ("var/lib/apt/lists/empty", 0o644, ""),
        ("go/pkg/mod/cache/download/a.zip", 0o644, "x"),
    ];
    let found = files_found(files, &[], "");
    let places: Vec<&str> = found.iter().filter_map(|one| one.split(": ").next()).collect();
    assert_eq!(
        places,
        [
            "leftovers:/go/pkg/mod",
            "leftovers:/home/app/.cache/pip",
            "leftovers:/root/.npm/_cacache",
            "leftovers:/var/cache/apt/archives",
            "leftovers:/var/lib/apt/lists",
        ]
    );
    assert!(found[1].contains("packages that pip fetched (2 files, 3 bytes)"), "{}", found[1]);
    let remedies = found.iter().filter(|one| one.contains("expect.")).collect::<Vec<_>>();
    let all = "if all of them have to be, expect.leftovers = [\"/go/pkg/mod\", \"/home/app/.cache/pip\", ";
    assert!(remedies.len() == 1 && found[4].contains(all), "one line of the plan accepts all of it: {remedies:?}");
    let rest = files_found(
        files,
        &[],
        "leftovers = [\"/go/pkg/mod\", \"/home/app/.cache/pip\", \"/root/.npm\", \"/var/lib\"]",
    );
    let both = "if it has to be, expect.leftovers = [\"/go/pkg/mod\", \"/home/app/.cache/pip\", \"/root/.npm\", \"/var/cache/apt/archives\", \"/var/lib\"]";
    assert!(rest.len() == 1 && rest[0].ends_with(both), "with what it accepts already: {rest:?}");
    let accepted = "leftovers = [\"/go\", \"/home/app/.cache/pip\", \"/root/.npm\", \"/var\"]";
    assert_eq!(files_found(files, &[], accepted), Vec::<String>::new());
    assert_eq!(files_found(files, files, ""), Vec::<String>::new(), "the base has them, too");
    let more: Vec<File<'_>> = files.iter().copied().chain([("root/.npm/_cacache/y", 0o644, "y")]).collect();
    assert_eq!(files_found(&more, files, "").len(), 1, "one that has grown is no longer the base's");
}

#[test]
fn keys_are_named_by_what_files_are_called_and_by_what_they_hold() {
    let key = private_key();
    let files: &[File<'_>] = &[
        ("etc/app/tls", 0o600, &key),
        ("etc/app/tls.pub", 0o644, "-----BEGIN CERTIFICATE-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIB\n"),
        ("home/app/.ssh/id_ed25519", 0o600, "x"),
        ("home/app/.ssh/id_ed25519.pub", 0o600, "x"),
        ("root/.docker/config.json", 0o600, "{\"auths\":{\"r\":{\"auth\":\"YTpi\"}}}"),
        ("root/.netrc", 0o600, "machine a password b"),
    ];
    let found = files_found(files, &[], "");
    let expected = [
        ("etc/app/tls", "a private key (1 file, "),
        ("home/app/.ssh/id_ed25519", "a private key, by its name (1 file, 1 byte)"),
        ("root/.docker/config.json", "the login of a registry of images"),
        ("root/.netrc", "passwords, by its name"),
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, (path, what)) in found.iter().zip(expected) {
        assert!(found.starts_with(&format!("leftovers:/{path}: {what}")), "{found}");
        assert!(!found.contains("MII") && !found.contains("password b"), "nothing of it is told: {found}");
    }
    assert_eq!(files_found(files, files, ""), Vec::<String>::new(), "the base has them, too");
    let stale = files_found(&[], &[], "leftovers = [\"/etc/app/tls\"]");
    assert_eq!(stale, ["leftovers:/etc/app/tls: nothing like that: take it out of `expect.leftovers`"]);
}

#[test]
fn a_credential_in_the_configuration_is_named_without_its_value() {
    let settings = ImageSettings { env: vec!["API_TOKEN=swordfish".to_owned()], ..ImageSettings::default() };
    let told = found(&[], &[], &settings, "");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("environment.API_TOKEN: its name is that of a secret"), "{told:?}");
    assert!(told[0].ends_with("expect.not-secret = [\"API_TOKEN\"]") && !told[0].contains("swordfish"));
    assert_eq!(found(&[], &[], &settings, "not-secret = [\"API_TOKEN\"]"), Vec::<String>::new());
    let stale = found(&[], &[], &ImageSettings::default(), "not-secret = [\"API_TOKEN\"]");
    assert!(stale[0].starts_with("not-secret.API_TOKEN: nothing of that name"), "{stale:?}");
}

/// What is wrong with what an image of user 1234 starts.
fn starts(files: &[File<'_>], entrypoint: &[&str], environment: &[&str]) -> Vec<String> {
    let text = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let settings = ImageSettings {
        architecture: "amd64".to_owned(),
        user: "1234".to_owned(),
        entrypoint: text(entrypoint),
        env: text(environment),
        ..ImageSettings::default()
    };
    found(files, &[], &settings, "")
}

#[test]
fn what_an_image_starts_is_there_and_may_be_executed() {
    let none = Vec::<String>::new();
    let app: File<'_> = ("opt/app/bin/app", 0o755, "x");
    assert_eq!(starts(&[app], &["/opt/app/bin/app"], &[]), none);
    assert_eq!(starts(&[app], &["/app"], &[]), ["entrypoint: no such file: `/app`"]);
    assert_eq!(starts(&[app], &["/opt/app"], &[]), ["entrypoint: `/opt/app` is a folder"]);
    assert_eq!(starts(&[app], &["app"], &["PATH=/bin:/opt/app/bin"]), none);
    assert_eq!(starts(&[app], &["app"], &["PATH=/bin"]), ["entrypoint: no file of that name in its PATH, /bin"]);
    let refused = starts(&[("app", 0o644, "x")], &["/app"], &[]);
    assert_eq!(refused, ["entrypoint: user `1234` may not execute `/app`: mode 0644, owner 0:0"]);
    let refused = starts(&[("app", 0o700, "x")], &["/app"], &[]);
    assert_eq!(refused, ["entrypoint: user `1234` may not execute `/app`: mode 0700, owner 0:0"]);
}

#[test]
fn symbolic_links_on_the_way_to_a_program_are_followed() {
    let app: File<'_> = ("opt/app/bin/app", 0o755, "x");
    for link in [
        ("usr/bin/app", 0, "/opt/app/bin/app"),
        ("usr/bin/app", 0, "../../opt/app/bin/app"),
        ("usr/bin", 0, "../opt/app/bin"),
        ("usr/bin", 0, "../../../opt/./app/bin/"),
    ] {
        assert_eq!(starts(&[app, link], &["/usr/bin/app"], &[]), Vec::<String>::new(), "{link:?}");
    }
    let gone = starts(&[("app", 0, "/opt/gone")], &["/app"], &[]);
    assert_eq!(gone, ["entrypoint: no such file: `/opt`"]);
    let round = starts(&[("a", 0, "/b"), ("b", 0, "a")], &["/a"], &[]);
    assert!(round[0].starts_with("entrypoint: more than 40 symbolic links"), "{round:?}");
}

#[test]
fn interpreters_and_machines_of_what_is_started_count() {
    let script: File<'_> = ("app", 0o755, "#!/usr/bin/env node\n");
    let (env, node): (File<'_>, File<'_>) = (("usr/bin/env", 0o755, "x"), ("usr/bin/node", 0o755, "x"));
    assert_eq!(starts(&[script, env, node], &["/app"], &[]), Vec::<String>::new());
    let without = starts(&[script, env], &["/app"], &["PATH=/usr/bin"]);
    assert_eq!(without, ["entrypoint: its interpreter `node`: no file of that name in its PATH, /usr/bin"]);
    let line_end = starts(&[("app", 0o755, "#!/bin/sh\r\n"), ("bin/sh", 0o755, "x")], &["/app"], &[]);
    assert_eq!(line_end, ["entrypoint: its interpreter `/bin/sh\\r`: no such file: `/bin/sh\\r`"]);
    let mut other = vec![0_u8; 64];
    other[..6].copy_from_slice(b"\x7fELF\x02\x01");
    other[18] = 62;
    let other = String::from_utf8(other).expect("text");
    assert_eq!(starts(&[("app", 0o755, &other)], &["/app"], &[]), Vec::<String>::new());
    let foreign = starts(&[("app", 0o755, &other.replace('>', "\u{8}"))], &["/app"], &[]);
    assert_eq!(foreign, ["entrypoint: `/app` is a program for ELF machine 8, the image for amd64"]);
}
