//! The log of `docker build` with the classic builder: ids of the containers and images that it makes on its way.
//!
//! Shapes from Docker Engine 20.10 (`builder/dockerfile`) and recorded builds. The classic builder writes the date into
//! each image, so no two builds share an id. The base image's id is none of these: it stays, and so does an id that
//! is anywhere else. What `RUN` prints is not marked; each line is therefore judged by the line above it.

use std::collections::BTreeMap;

use crate::normalizer::Normalizer;
use crate::syntax::token::{digits, map_lines, split_once};

/// The normalizer `docker-build`.
pub(crate) const NORMALIZER: Normalizer = Normalizer { name: "docker-build", version: 1, rules: RULES, apply };

const RULES: &str = r#"Lines are looked at in their order. Where a whole line fits one of these forms, at the place named for it, the ID in it
changes and nothing else does. A line that fits none stays. Lines are never dropped, added or moved.
step-line    = "Step " DIGITS "/" DIGITS " : " INSTRUCTION [ SPACE TEXT ]
cache-line   = " ---> Using cache"
running-line = " ---> Running in " ID
removed-line = [ ESC "[0m" ] "Removing intermediate container " ID
image-line   = " ---> " ID
built-line   = "Successfully built " ID
A running-line stands directly below a step-line; its ID becomes "<container>". A removed-line stands anywhere before the
next step-line and has the ID of the running-line, or "<container>"; its ID becomes "<container>". An image-line stands directly below a
step-line, a cache-line or a removed-line. Below a step-line whose INSTRUCTION is "FROM" its ID changes only if an earlier
image-line that changed has it; everywhere else it changes. A built-line changes only if an image-line that changed has its
ID. These IDs become "<image N>": N counts the different ones from 1, in the order in which they first stand.
ID   = 12 HEX | "<container>" | "<image " DIGITS ">"    ; HEX = "0" - "9" | "a" - "f"
ESC  = the byte 27
TEXT = any bytes but a line feed
"#;

const CONTAINER: &[u8] = b"<container>";

fn apply(stream: &[u8]) -> Vec<u8> {
    let mut log = Log::default();
    map_lines(stream, |line, out| {
        let Some((before, mark)) = log.read(line) else { return false };
        out.extend_from_slice(before);
        out.extend_from_slice(&mark);
        true
    })
}

/// What the lines so far say about the next one.
#[derive(Default)]
struct Log<'a> {
    above: Above,
    container: Option<&'a [u8]>,
    /// The images made so far, with their numbers.
    images: BTreeMap<&'a [u8], usize>,
}

/// The line directly above.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Above {
    #[default]
    Other,
    /// A step that names a base image.
    From,
    Step,
    /// A cache-line or a removed-line: the step's own image comes next.
    Result,
}

impl<'a> Log<'a> {
    /// Splits a line that changes into what stays at its front and what replaces the rest.
    fn read(&mut self, line: &'a [u8]) -> Option<(&'a [u8], Vec<u8>)> {
        let above = std::mem::take(&mut self.above);
        if let Some(instruction) = step(line) {
            self.above = if instruction == b"FROM" { Above::From } else { Above::Step };
            self.container = None;
        } else if line == b" ---> Using cache" && above != Above::Other {
            self.above = Above::Result;
        } else if let Some(id) = id_after(line, b" ---> Running in ").filter(|_| above == Above::Step) {
            self.container = Some(id);
            return Some((front(line, id), CONTAINER.to_vec()));
        } else if let Some(id) =
            removed(line).filter(|id| self.container.is_some_and(|own| [own, CONTAINER].contains(id)))
        {
            self.above = Above::Result;
            return Some((front(line, id), CONTAINER.to_vec()));
        } else if let Some(id) = id_after(line, b" ---> ").filter(|_| above != Above::Other) {
            let next = self.images.len() + 1;
            let number = match above {
                Above::From => *self.images.get(id)?,
                _ => *self.images.entry(id).or_insert(next),
            };
            return Some((front(line, id), format!("<image {number}>").into_bytes()));
        } else if let Some(id) = id_after(line, b"Successfully built ") {
            let number = self.images.get(id)?;
            return Some((front(line, id), format!("<image {number}>").into_bytes()));
        }
        None
    }
}

fn front<'a>(line: &'a [u8], id: &[u8]) -> &'a [u8] {
    &line[..line.len() - id.len()]
}

/// Returns a step's instruction.
fn step(line: &[u8]) -> Option<&[u8]> {
    let rest = digits(line.strip_prefix(b"Step ")?)?.strip_prefix(b"/").and_then(digits)?.strip_prefix(b" : ")?;
    Some(split_once(rest, b" ").map_or(rest, |(instruction, _)| instruction))
}

fn removed(line: &[u8]) -> Option<&[u8]> {
    id_after(line.strip_prefix(b"\x1b[0m").unwrap_or(line), b"Removing intermediate container ")
}

/// Returns the id between `before` and the end of the line.
fn id_after<'a>(line: &'a [u8], before: &[u8]) -> Option<&'a [u8]> {
    let id = line.strip_prefix(before)?;
    let hex = id.len() == 12 && id.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let image = id.strip_prefix(b"<image ").and_then(digits) == Some(b">");
    (hex || image || id == CONTAINER).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(raw: &str) -> String {
        String::from_utf8(apply(raw.as_bytes())).expect("text in, text out")
    }

    #[test]
    fn ids_of_the_build_go_and_that_of_the_base_stays() {
        let raw = "Step 1/3 : FROM base AS one\n ---> 3ffa48534707\nStep 2/3 : RUN x\n ---> Running in 26ba75adf5d8\nsaid\n\
                   \u{1b}[0mRemoving intermediate container 26ba75adf5d8\n ---> 87e1df2c0425\nStep 3/3 : FROM one\n \
                   ---> 87e1df2c0425\nSuccessfully built 87e1df2c0425\nSuccessfully tagged a:1\n";
        let expected = "Step 1/3 : FROM base AS one\n ---> 3ffa48534707\nStep 2/3 : RUN x\n ---> Running in <container>\nsaid\n\
                        \u{1b}[0mRemoving intermediate container <container>\n ---> <image 1>\nStep 3/3 : FROM one\n \
                        ---> <image 1>\nSuccessfully built <image 1>\nSuccessfully tagged a:1\n";
        assert_eq!(canonical(raw), expected);
        assert_eq!(canonical(expected), expected);
    }

    #[test]
    fn cached_and_copying_steps_show_their_image_at_once() {
        let raw = "Step 1/2 : COPY a /a\n ---> 0123456789ab\nStep 2/2 : RUN x\n ---> Using cache\n ---> 123456789abc\n";
        let expected = "Step 1/2 : COPY a /a\n ---> <image 1>\nStep 2/2 : RUN x\n ---> Using cache\n ---> <image 2>\n";
        assert_eq!(canonical(raw), expected);
    }

    #[test]
    fn what_a_step_prints_stays() {
        let raw = "Step 1/1 : RUN x\n ---> Running in 26ba75adf5d8\n ---> 0123456789ab\n ---> Running in 0123456789ab\n\
                   Removing intermediate container 0123456789ab\n ---> 0123456789ab\nSuccessfully built 0123456789ab\n";
        assert_eq!(canonical(raw), raw.replace("26ba75adf5d8", "<container>"));
    }

    #[test]
    fn what_fits_no_form_stays() {
        for raw in [
            "Step 1/1 : FROM base\n ---> 3ffa48534707\nSuccessfully built 3ffa48534707\n",
            "Step 1/1 : RUN x\n ---> Running in 26ba75adf5d\n",
            "Step 1/1 : RUN x\n ---> Running in 26BA75ADF5D8\n",
            "Step one : RUN x\n ---> 26ba75adf5d8\n",
            "Step 1/1 : RUN x\n ---> [Warning] odd\n ---> 26ba75adf5d8\n",
            " ---> Using cache\n ---> 26ba75adf5d8\n",
        ] {
            assert_eq!(canonical(raw), raw);
        }
        assert_eq!(apply(b"Step 1/1 : COPY \xff\n ---> 26ba75adf5d8"), b"Step 1/1 : COPY \xff\n ---> <image 1>");
    }
}
