//! Programs that compare the times of files with the wall clock.

use super::row::{Row, Section, Way};

const C: &[Row] = &[
    Row::fails("fresh", "`stat`, `fstat`, `lstat`, `statx` and `fstatat` of a fresh file and its folder are near now"),
    Row::fails("touched", "`futimens` and `utimensat` with the kernel's time are near now"),
    Row::same("given", "a file keeps a time that it is given: long ago, now, and to come"),
    Row::fails("later", "the times of two files are apart and on this side of now"),
];

const PYTHON: &[Row] = &[
    Row::fails("fresh", "`os.stat` of a fresh file is near `time.time`"),
    Row::fails("given", "`os.utime` with a time, and without one"),
    Row::fails("ttl", "a cache by mtime never grows old"),
    Row::same("stale_lock", "a lock file of long ago is stale, a fresh one is not"),
    Row::fails("rotation", "`TimedRotatingFileHandler` reckons from the mtime of a log that is there"),
    Row::same("newest", "fresh files, and one of an hour ago, in order"),
    Row::fails("archive", "`tarfile` and `zipfile` keep times that are near now"),
    Row::fails("copies", "`copy2` keeps the time, which is not of the future"),
    Row::same("module", "a module is compiled anew when its source has changed"),
    Row::fails("server", "`http.server` gives a `Last-Modified` that is near now, and 304 for its own `Date`"),
];

const NODE: &[Row] = &[
    Row::fails("fresh", "`mtimeMs`, `birthtime` and `ctime` of a fresh file are near `Date.now()`"),
    Row::same("given", "`utimesSync` with times of now and before"),
    Row::fails("ttl", "a cache by mtime never grows old"),
];

const SHELL: &[Row] = &[
    Row::fails("newermt", "`find -newermt`: younger than ten seconds, and not of the future"),
    Row::fails("mmin", "`find -mmin -1`, `-mmin +5` and `-mtime 0`"),
    Row::fails("stat", "`stat -c %Y` and `date -r` are near `date +%s`"),
    Row::fails("newer", "`test -nt`, `ls -t`, `touch -d` and `touch` by turns"),
    Row::same("given", "`touch -d`, `touch -r` and `cp -p` give exactly that time"),
    Row::fails("make", "`make` warns of no clock skew, and makes what is older than its source"),
    Row::same("make-future", "`make` warns of a source that was given a time to come"),
    Row::fails("tar", "`tar` warns of no time in the future"),
    Row::fails("git", "`git status` sees changes, and the commit's time is near the index's"),
    Row::fails("age", "perl's `-M`, and `awk`"),
];

const GO: &[Row] = &[
    Row::fails("file-fresh", "`ModTime` of a fresh file is near `time.Now`"),
    Row::same("file-given", "`os.Chtimes` with times of now, before and after"),
    Row::fails("file-cache", "a cache by mtime never grows old"),
];

pub fn sections() -> Vec<Section> {
    let section = |title, source, ways, rows| Section { title, source, ways, of_files: true, rows };
    vec![
        section("Files: C", "files.c", &[Way::C, Way::StaticC], C),
        section("Files: Python", "files.py", &[Way::By("python3")], PYTHON),
        section("Files: Node", "files.js", &[Way::By("node")], NODE),
        section("Files: shell", "files.sh", &[Way::By("dash")], SHELL),
        section("Files: Go", "go", &[Way::StaticGo, Way::Go], GO),
    ]
}
