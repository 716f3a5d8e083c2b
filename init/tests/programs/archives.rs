//! Times of files as archivers see them, and as all other programs do.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{self, PIN, need, scratch, text, under};

/// What the engine asks for by default.
const NAMES: &str = "--clamp-mtime=7z/7za/7zr/7zz/ar/bsdcpio/bsdtar/cpio/gzip/jar/llvm-ar/mksquashfs/pax/pigz/tar/zip";
const CLOCKS: [&str; 2] = ["--clock=stands:1700000000", "--clock=starts:1700000000"];

/// Runs a script in a new folder, and gives that folder.
#[track_caller]
fn script(options: &[&str], lines: &str) -> (PathBuf, String) {
    let folder = scratch();
    let cd = format!("cd {} && {lines}", text(&folder));
    let output = under(options, &["bash", "-ec", &cd]).output().to_owned();
    (folder, output)
}

fn is_there(tool: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(tool).is_file())
}

/// Archives of fresh files by every packer, each behind the tool that it takes.
const PACKERS: [(&str, &str); 12] = [
    ("tar", "tar cf 1 f d old"),
    ("tar", "tar -czf 2 d f"),
    ("tar", "find d f | sort | tar -c --format=pax --pax-option=exthdr.name=%f -T - | cat > 3"),
    ("gzip", "cp f fresh; gzip fresh; mv fresh.gz 4"),
    ("ar", "ar rcU 5 f d/g"),
    ("bsdtar", "bsdtar -cf 6 f d old"),
    ("cpio", "ls f d/g | cpio --quiet --reproducible -o > 7"),
    ("zip", "zip -qr 8 f d old; mv 8.zip 8"),
    ("7za", "7za a -bd 9 f d old > log; mv 9.7z 9"),
    ("busybox", "busybox tar cf 10 f d old; ln -s $(command -v busybox) tar; ./tar cf 11 f d"),
    ("pax", "pax -wf 12 f d old"),
    ("mksquashfs", "mksquashfs d 13 -quiet -no-progress -mkfs-time 0 -all-root"),
];

#[test]
fn what_is_packed_at_different_seconds_is_the_same() {
    need("ar", "binutils");
    let there: Vec<&str> = PACKERS.iter().filter(|(tool, _)| is_there(tool)).map(|(_, lines)| *lines).collect();
    let files = "sleep 0.1; mkdir d; echo x > f; echo y > d/g; touch -d @77 old;";
    for clock in CLOCKS {
        // What the Java machine packs beside files has the time of day.
        let java = is_there("jar") && clock == CLOCKS[0];
        let packers =
            [&there[..], if java { &["jar cf 14.jar f d old; mv 14.jar 14"] } else { &[] }].concat().join("; ");
        let pack = |wait: &str| script(&[clock, NAMES], &format!("{wait} {files} {wait} {packers}")).0;
        let (first, second) = (pack("true;"), pack("sleep 1.1;"));
        let mut compared = 0;
        for archive in (1..=14).map(|number| number.to_string()) {
            let read = |folder: &Path| fs::read(folder.join(&archive)).ok();
            assert_eq!(read(&first), read(&second), "{archive} under {clock}");
            compared += usize::from(read(&first).is_some_and(|bytes| !bytes.is_empty()));
        }
        assert!(compared >= there.len() + usize::from(java), "{compared} of {there:?}");
    }
}

#[test]
fn older_times_stay_as_they_are() {
    for clock in CLOCKS {
        let lines = "echo x > f; touch -d @77 old; touch -d @1699999999 recent; touch -d @1800000000 future; \
                     tar cf a.tar f old recent future; TZ=UTC tar tvf a.tar --full-time | awk '{print $4, $5, $6}'";
        let (_, output) = script(&[clock, NAMES], lines);
        let expected =
            "2023-11-14 22:13:20 f\n1970-01-01 00:01:17 old\n2023-11-14 22:13:19 recent\n2023-11-14 22:13:20 future";
        assert_eq!(output, expected, "{clock}");
    }
}

#[test]
fn static_programs_and_threads_read_the_clamped_time() {
    if cfg!(not(target_arch = "x86_64")) {
        return;
    }
    for flags in [&[][..], &["-static"], &["-static-pie", "-fPIE"], &["-no-pie", "-Wl,-z,noseparate-code"]] {
        let program = support::c("times", flags);
        for clock in CLOCKS {
            let lines = format!("echo x > f; touch of-another; {} f second of-another", text(&program));
            let (folder, output) = script(&[clock, "--clamp-mtime=times"], &lines);
            let expected = format!(
                "stat {PIN}.000000000 {PIN} {PIN}\nlstat {PIN}\nfstat {PIN} 2\nfstatat {PIN}\nstatx {PIN}.000000000\n\
                 syscall {PIN}\nmissing -1 -2"
            );
            assert_eq!(output, expected, "{flags:?} under {clock}");
            let age = |name: &str| fs::metadata(folder.join(name)).and_then(|file| file.modified()).expect("a time");
            let since = age("second").duration_since(age("f")).expect("what was handed on is not older");
            assert!(since.as_secs() < 60);
            assert_eq!(age("of-another"), std::time::UNIX_EPOCH + std::time::Duration::new(7, 5));
            let (_, real) = script(&[clock, "--clamp-mtime=others"], &lines);
            assert!(!real.contains(&format!("stat {PIN}.000000000 ")), "{real}");
        }
    }
}

#[test]
fn a_program_of_go_reads_the_clamped_time() {
    let probe = support::go("packer");
    let lines = format!("sleep 1.1; echo x > f; {} modified f", text(&probe));
    for clock in CLOCKS {
        let named = script(&[clock, "--clamp-mtime=packer"], &lines).1;
        let real = script(&[clock, "--clamp-mtime=tar"], &lines).1;
        if cfg!(target_arch = "x86_64") {
            assert_eq!((named.as_str(), real == PIN), (PIN, false), "{clock}");
        }
    }
}

/// A makefile with an archive in the middle: what is packed must be no older than what it was made of.
const MAKEFILE: &str = "all: c\na: src; sleep 0.02; cat src > a; echo made a\nb.gz: a; gzip -kf a; mv a.gz b.gz; echo made b\n\
                        c: b.gz; tar cf c b.gz; echo made c\n";

#[test]
fn programs_that_decide_by_time_see_real_ones() {
    need("make", "make");
    for clock in CLOCKS {
        let folder = scratch();
        support::write(&folder, "Makefile", MAKEFILE);
        let make = "make -s; echo again; make -s; echo changed; sleep 0.02; touch src; make -s";
        let lines = format!("cd {}; sleep 0.1; touch src; {make}", text(&folder));
        let made = "made a\nmade b\nmade c";
        let ended = under(&[clock, NAMES], &["bash", "-ec", &lines]);
        assert_eq!(ended.output(), format!("{made}\nagain\nchanged\n{made}"), "{clock}: {ended:?}");
        let others = "touch a; sleep 0.02; touch b; [ b -nt a ] && echo newer; find . -newer a -type f; \
                      cp -p a copy; [ copy -nt b ] || echo kept; [ $(stat -c %Y a) = $(stat -c %Y copy) ] && echo same; \
                      [ b -nt copy ] && echo newer";
        assert_eq!(script(&[clock, NAMES], others).1, "newer\n./b\nkept\nsame\nnewer", "{clock}");
        if is_there("rsync") {
            let sync = "mkdir s; echo 1 > s/a; sleep 1.1; echo 2 > s/b; rsync -a s/ t; echo 3 > s/a; rsync -ai s/ t | cut -c3-; cat t/a; \
                        [ $(stat -c %y s/b) = $(stat -c %y t/b) ] && echo same";
            let found = script(&[clock, NAMES], &sync.replace("%y", "%Y")).1;
            assert!(found.ends_with("a\n3\nsame") && !found.contains(" b"), "{clock}: {found}");
        }
    }
}

#[test]
fn tar_takes_what_is_newer_and_unpacks_with_the_times_of_the_archive() {
    for clock in CLOCKS {
        let update = "echo 1 > f; echo 1 > g; tar cf a.tar f g; sleep 1.1; echo 2 > f; touch -d @77 g; tar uf a.tar f g; tar tf a.tar";
        assert_eq!(script(&[clock, NAMES], update).1, "f\ng\nf", "{clock}");
        let newer = "echo 1 > f; sleep 0.1; touch now; sleep 0.1; echo 1 > g; tar cf a.tar --newer-mtime=./now f g 2> /dev/null; tar tf a.tar";
        assert_eq!(script(&[clock, NAMES], newer).1, "g", "{clock}");
        let unpack = "mkdir d; touch -d @77 d/f; touch -d @1600000000 d; echo x > new; tar cf a.tar d new; rm -r d new; tar xf a.tar; \
                      stat -c '%n %Y' d/f d new; tar df a.tar && echo same";
        let expected = format!("d/f 77\nd 1600000000\nnew {PIN}\nsame");
        assert_eq!(script(&[clock, NAMES], unpack).1, expected, "{clock}");
        let touched = "echo x > f; gzip f; echo y > mark; gunzip f.gz; [ f -ot mark ] && echo older || echo now";
        assert_eq!(script(&[clock, NAMES], touched).1, "now", "{clock}");
    }
}

#[test]
fn without_the_option_archives_hold_the_machines_times() {
    let lines = "echo x > f; tar cf a.tar f; tar tvf a.tar --full-time";
    let (folder, output) = script(&[CLOCKS[0]], lines);
    assert!(!output.contains("2023-11-14"), "{output}");
    assert!(Path::new(&folder.join("a.tar")).exists());
}
