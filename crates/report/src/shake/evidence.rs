//! The first lines or files in which two runs differ in a part.

use crate::difference::differing_lines;
use crate::text::put;
use rcrepro_model::evidence::manifest::OutputEntry;
use rcrepro_model::shake::observation::{Facet, Level, Seen};
use rcrepro_store::{BlobStore, export};

/// How many files, or lines of each side, are shown.
const MOST: usize = 2;
/// How many differing lines are looked through for those of the second side.
const LOOKED_AT: usize = 400;

/// Writes what differs; the first of the two has `-`.
pub fn write(text: &mut String, facet: &Facet, level: Level, seen: [&Seen; 2], store: &dyn BlobStore) {
    for line in lines(facet, level, seen, store) {
        put(text, format_args!("    {line}"));
    }
}

/// Lists what differs, a line each.
pub fn lines(facet: &Facet, level: Level, seen: [&Seen; 2], store: &dyn BlobStore) -> Vec<String> {
    use Seen::{Output, Stream};
    let pick = |raw, canonical| if level == Level::Raw { raw } else { canonical };
    let texts = match seen {
        [Stream { raw: a, canonical: x }, Stream { raw: b, canonical: y }]
        | [
            Output(OutputEntry::File { raw: a, canonical: x, .. }),
            Output(OutputEntry::File { raw: b, canonical: y, .. }),
        ] => [pick(*a, *x), pick(*b, *y)],
        [
            Output(OutputEntry::Directory { raw: a, canonical: x }),
            Output(OutputEntry::Directory { raw: b, canonical: y }),
        ] => {
            let differences = export::diff(store, pick(*a, *x), pick(*b, *y)).unwrap_or_default();
            return differences.iter().take(MOST).map(|difference| format!("! {facet}/{}", difference.path)).collect();
        }
        _ => return plain(level, seen),
    };
    match differing_lines(store, texts[0], texts[1], LOOKED_AT) {
        // Files that differ in their executable bit alone have no such line.
        Ok(lines) if lines.is_empty() => plain(level, seen),
        Ok(lines) => {
            let of = |side| lines.iter().filter(move |line| line.side == side).take(MOST);
            of('-').chain(of('+')).map(|line| format!("{facet}:{} {} {}", line.line, line.side, line.text)).collect()
        }
        Err(error) => vec![format!("the lines cannot be shown: {error}")],
    }
}

fn plain(level: Level, seen: [&Seen; 2]) -> Vec<String> {
    let show = |seen: &Seen| match seen {
        Seen::Output(OutputEntry::File { executable: true, .. }) => format!("{} executable", seen.evidence(level)),
        _ => seen.evidence(level),
    };
    vec![format!("- {}", show(seen[0])), format!("+ {}", show(seen[1]))]
}
