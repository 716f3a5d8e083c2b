//! A corpus of small programs that use time, each in another way. Under a wall clock that starts and flows each comes to the
//! verdict to which it comes without us; what a clock that stands does to it is in its row, and in `docs/time-corpus.md`.

mod c;
mod document;
mod files;
mod go;
mod row;
mod scripts;
mod shell;
mod timers;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::support::{self, Ended, PINNED, Running, need, text};
use row::{Program, Row, Section, Stands, Starts};

/// The wall clock that starts.
const STARTED: &str = "--clock=starts:1700000000";
/// Whether files have times on the command's clock when that clock starts: without, the rows that need it are not compared.
const FILES_ARE_ON_THE_CLOCK: bool = true;
/// How many rows are run at a time, each in all of its ways at once: most programs sleep most of the time.
const AT_A_TIME: usize = 3;
/// How long a program may take that ends by itself, on a machine that is busy with something else.
const LIMIT: Duration = Duration::from_secs(60);
/// How long a program that hangs is waited for: without us each ends within a second and a half.
const PATIENCE: Duration = Duration::from_millis(1_800);

fn sections() -> Vec<Section> {
    [c::sections(), timers::sections(), go::sections(), scripts::sections(), shell::sections(), files::sections()]
        .concat()
}

#[test]
fn a_clock_that_starts_changes_no_verdict() {
    for (tool, package) in TOOLS {
        need(tool, package);
    }
    let sections = sections();
    let rows: Vec<(&Section, &Row)> =
        sections.iter().flat_map(|section| section.rows.iter().map(move |row| (section, row))).collect();
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                while let Some((section, row)) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let found = check(section, row);
                    wrong.lock().expect("nobody panics with it").extend(found);
                }
            });
        }
    });
    let wrong = wrong.into_inner().expect("nobody panics with it");
    assert!(wrong.is_empty(), "{} of {} programs:\n\n{}", wrong.len(), rows.len(), wrong.join("\n\n"));
}

const TOOLS: [(&str, &str); 16] = [
    ("gcc", "gcc libc6-dev"),
    ("go", "golang-go"),
    ("node", "nodejs"),
    ("python3", "python3"),
    ("perl", "perl"),
    ("bash", "bash"),
    ("dash", "dash"),
    ("openssl", "openssl"),
    ("make", "make"),
    ("git", "git"),
    ("tar", "tar"),
    ("find", "findutils"),
    ("flock", "util-linux"),
    ("ps", "procps"),
    ("awk", "mawk"),
    ("timeout", "coreutils"),
];

/// Runs a program in all ways; gives what is not as its row says.
fn check(section: &Section, row: &Row) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut say = |program: &Program, what: &str, ended: &Option<Ended>| {
        let said = ended.as_ref().map_or_else(|| "it did not end".to_owned(), shown);
        wrong.push(format!("{} ({}): {what}\n{said}", row.called(section), program.way));
    };
    let programs = section.programs(row);
    let first = &programs[0];
    let patience = if row.stands == Stands::Hangs { PATIENCE } else { LIMIT };
    let (without, started, stood) = thread::scope(|scope| {
        let without = scope.spawn(|| run(&[], first, LIMIT));
        let started = programs.iter().filter(|_| FILES_ARE_ON_THE_CLOCK || !section.of_files);
        let started: Vec<_> =
            started.map(|program| (program, scope.spawn(|| run(&[STARTED], program, LIMIT)))).collect();
        let stood = run(&[PINNED], first, patience);
        let join = |thread: thread::ScopedJoinHandle<'_, _>| thread.join().expect("it does not panic");
        let started: Vec<_> = started.into_iter().map(|(program, thread)| (program, join(thread))).collect();
        (join(without), started, stood)
    });
    if without.as_ref().map(|ended| ended.code) != Some(row.code) {
        say(first, &format!("without us it does not end with {}", row.code), &without);
        return wrong;
    }
    for (program, started) in &started {
        let same = verdict(started.as_ref()) == verdict(without.as_ref());
        match row.starts {
            Starts::Same if !same => say(program, "under a clock that starts it has another verdict", started),
            Starts::Differs if same => say(program, "under a clock that starts it has the same verdict now", started),
            Starts::Same | Starts::Differs => {}
        }
    }
    let found = match &stood {
        None => Stands::Hangs,
        Some(_) if verdict(stood.as_ref()) == verdict(without.as_ref()) => Stands::Same,
        Some(_) => Stands::Fails,
    };
    if found != row.stands {
        say(first, &format!("under a clock that stands: {found} instead of {}", row.stands), &stood);
    }
    wrong
}

/// Runs a program in a new and empty folder, where its temporary files go, too.
fn run(options: &[&str], program: &Program, limit: Duration) -> Option<Ended> {
    let folder = support::scratch();
    let words: Vec<&str> =
        program.words.iter().map(|word| word.replace(row::FOLDER, text(&folder)).leak() as &str).collect();
    let mut command = support::init(options, &words);
    let ended = Running::start(command.current_dir(&folder).env("TMPDIR", &folder)).end_within(limit);
    drop(std::fs::remove_dir_all(&folder));
    ended
}

/// What a program came to: how it ended, and what it said.
fn verdict(ended: Option<&Ended>) -> Option<(i32, &str)> {
    ended.map(|ended| (ended.code, ended.stdout.as_str()))
}

fn shown(ended: &Ended) -> String {
    let Ended { code, stdout, stderr, took } = ended;
    format!("it ended with {code} after {took:?}\n{stdout}{stderr}")
}

#[test]
fn a_wrong_row_is_found() {
    let section = &scripts::sections()[0];
    let program = section.rows[0];
    let wrong = |row: Row| check(section, &row).join("\n");
    let said = wrong(Row { stands: Stands::Same, ..program });
    assert!(said.contains("under a clock that stands: fails instead of same"), "{said}");
    assert!(said.contains("AssertionError"), "it shows what the program said: {said}");
    let said = wrong(Row { code: 7, ..program });
    assert!(said.contains("without us it does not end with 7"), "{said}");
    let said = wrong(Row { starts: Starts::Differs, ..program });
    assert!(said.contains("it has the same verdict now"), "{said}");
    // A clock that starts may make no difference; that it would be seen is shown by one that it does.
    let left = c::sections().pop().expect("what is left");
    let said = check(&left, &Row { starts: Starts::Same, ..left.rows[0] }).join("\n");
    assert!(said.contains("under a clock that starts it has another verdict"), "{said}");
    let quick = *left.rows.last().expect("there are some");
    let said = check(&left, &Row { stands: Stands::Hangs, ..quick }).join("\n");
    assert!(said.contains("under a clock that stands: same instead of hangs"), "{said}");
}

/// Not in the table, for these are not decided by the programs alone.
#[test]
#[ignore = "the kernel interrupts a call that waits for PID 1, and a deadline that is put back may meet the next one"]
fn signals_interrupt_nothing_that_they_would_not_interrupt_without_us() {
    let section = c::interrupted();
    let wrong: Vec<String> = (0..10).flat_map(|_| section.rows).flat_map(|row| check(&section, row)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn the_table_is_sound() {
    let sections = sections();
    let mut names: Vec<String> =
        sections.iter().flat_map(|section| section.rows.iter().map(|row| row.called(section))).collect();
    let same = sections.iter().flat_map(|section| section.rows).filter(|row| row.starts == Starts::Same).count();
    assert!(same >= 48, "{same} programs");
    names.sort();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count, "two programs have one name");
}

#[test]
fn the_document_says_what_the_table_says() {
    document::check(&sections());
}
