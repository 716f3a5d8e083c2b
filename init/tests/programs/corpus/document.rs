//! The table for people: written from the rows, and compared with what is committed.

use std::fmt::Write as _;
use std::path::Path;

use super::row::{Row, Section, Stands, Starts};

/// The variable that has the document written instead of compared.
const WRITE: &str = "RCREPRO_WRITE_DOCUMENTS";
const PATH: &str = "docs/time-corpus.md";

/// Compares the document with the rows, or writes it.
#[track_caller]
pub fn check(sections: &[Section]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository").join(PATH);
    let wanted = document(sections);
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(&path, wanted).expect("the document is written");
        return;
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    let line = found.lines().zip(wanted.lines()).position(|(found, wanted)| found != wanted);
    let line = line.unwrap_or_else(|| found.lines().count().min(wanted.lines().count())) + 1;
    assert!(found == wanted, "{PATH}:{line}: not what the rows say; write it with {WRITE}=1");
}

fn document(sections: &[Section]) -> String {
    let count =
        |keep: &dyn Fn(&Row) -> bool| sections.iter().flat_map(|section| section.rows).filter(|row| keep(row)).count();
    let stands = |stands| count(&|row| row.stands == stands && row.starts == Starts::Same);
    let mut text = format!(
        "# Programs that use time\n\n\
         Small programs that use time in different ways, and how they behave under rcrepro's wall clocks. Written by\n\
         `init/tests/programs/corpus.rs`, which runs all of them; the programs are in `init/tests/programs/sources/time/`. With\n\
         `{WRITE}=1` the test rewrites this file.\n\n\
         `clock = \"starts\"`: the wall clock reads the source's time when the command begins and goes on. {} programs come to\n\
         the same verdict (exit code and standard output) as without rcrepro, {} do not and have **differs** in their row.\n\n\
         `clock = \"stands\"`: the wall clock always reads the same time. Of the same {0}, {} come to the same verdict, {} fail and {} hang.\n\
         A program that fails or hangs there needs a clock that starts.\n\n\
         Not in the tables are programs that a thousand signals a second interrupt: under a clock that starts, a call that PID 1 answers\n\
         (`stat`, a reading by system call, setting a timer) may return `EINTR` if the handler was set without `SA_RESTART`.\n",
        count(&|row| row.starts == Starts::Same),
        count(&|row| row.starts == Starts::Differs),
        stands(Stands::Same),
        stands(Stands::Fails),
        stands(Stands::Hangs),
    );
    for section in sections {
        let ways: Vec<String> = section.ways.iter().map(ToString::to_string).collect();
        let files = if section.of_files { " The times of files are on the command's clock, too." } else { "" };
        write!(
            text,
            "\n## {}\n\n`{}`, run as: {}.{files}\n\n| Program | Starts | Stands | What it does, or why |\n|---|---|---|---|\n",
            section.title,
            section.source,
            ways.join(", "),
        )
        .expect("a text takes everything");
        for row in section.rows {
            let starts = if row.starts == Starts::Same { "same" } else { "**differs**" };
            writeln!(text, "| `{}` | {starts} | {} | {} |", row.name, row.stands, row.why)
                .expect("a text takes everything");
        }
    }
    text
}
