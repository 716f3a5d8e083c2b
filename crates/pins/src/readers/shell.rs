//! Images that shell lines run or pull: `docker run`, `podman pull` and their like, in scripts and wherever else shell lines are.

use std::collections::{BTreeMap, BTreeSet};

use crate::image;
use crate::reference::{Mention, ReferencedTool, SourceKind};
use crate::syntax::expand::expand;

/// Options of `run` and `create` without a value; every other one takes one.
/// Source: Docker's reference, `docker container run`.
const ALONE: [&str; 22] = [
    "-d",
    "--detach",
    "-i",
    "--interactive",
    "-t",
    "--tty",
    "-it",
    "-ti",
    "-dit",
    "-itd",
    "--rm",
    "--init",
    "--privileged",
    "--read-only",
    "-P",
    "--publish-all",
    "-q",
    "--quiet",
    "--no-healthcheck",
    "--oom-kill-disable",
    "--disable-content-trust",
    "-a",
];

/// Finds the images; `tag`s that the same text builds are not images of others.
#[must_use]
pub fn mentions(text: &str, kind: SourceKind) -> Vec<Mention> {
    if !["docker", "podman", "nerdctl"].iter().any(|engine| text.contains(engine)) {
        return Vec::new();
    }
    let values = assignments(text);
    let mut built = BTreeSet::new();
    let mut used = Vec::new();
    let mut lines = (1..).zip(text.lines());
    while let Some((number, line)) = lines.next() {
        if line.trim_start().starts_with('#') {
            continue;
        }
        let mut words = words(line, number);
        let mut last = line;
        while last.trim_end().ends_with('\\') {
            words.pop_if(|word| word.text == "\\");
            let Some((number, line)) = lines.next() else { break };
            words.extend(self::words(line, number));
            last = line;
        }
        command(&words, &mut built, &mut used);
    }
    let resolve = |text: &str| expand(&text.replace("$(", "${").replace(')', "}"), &values);
    let built: BTreeSet<String> = built.iter().map(|tag| resolve(tag).unwrap_or_else(|| tag.clone())).collect();
    used.iter()
        .flat_map(|word| {
            let resolved = resolve(&word.text);
            let text = resolved.clone().unwrap_or_else(|| word.text.clone());
            let found = match resolved {
                Some(text) => image::mentions((word.line, word.column), kind, &text),
                None => {
                    let why = "it holds a variable that nothing here sets";
                    vec![
                        Mention::new((word.line, word.column), ReferencedTool::Image, kind, text.as_str()).unclear(why),
                    ]
                }
            };
            let own = built.contains(&text);
            found
                .into_iter()
                .map(move |mention| if own { mention.look_alike("names what is built here") } else { mention })
        })
        .collect()
}

struct Word {
    text: String,
    line: usize,
    column: usize,
}

/// Whether the quotes that open at a column hold a command of their own.
fn holds_command(line: &str, column: usize, quote: char) -> bool {
    let rest: String = line.chars().skip(column).take_while(|c| *c != quote).collect();
    ["docker run ", "docker pull ", "podman run ", "podman pull "].iter().any(|command| rest.contains(command))
}

/// Splits a line at white space and at what ends a command; quotes are dropped.
fn words(line: &str, number: usize) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut open = false;
    let mut quote: Option<char> = None;
    for (column, c) in (1..).zip(line.chars()) {
        match quote {
            Some(end) if c == end => quote = None,
            // A shell within the shell: `sh -c "docker run …"`.
            None if (c == '"' || c == '\'') && holds_command(line, column, c) => open = false,
            None if c == '"' || c == '\'' => quote = Some(c),
            None if c.is_whitespace() => open = false,
            None if [';', '|', '&'].contains(&c) => {
                words.push(Word { text: c.to_string(), line: number, column });
                open = false;
            }
            _ => {
                if !open {
                    words.push(Word { text: String::new(), line: number, column });
                    open = true;
                }
                if let Some(word) = words.last_mut() {
                    word.text.push(c);
                }
            }
        }
    }
    words
}

fn command(words: &[Word], built: &mut BTreeSet<String>, used: &mut Vec<Word>) {
    let engine = |text: &str| {
        let text = text.trim_start_matches(['@', '-', '(', '`', '$']).rsplit('/').next().unwrap_or_default();
        matches!(text, "docker" | "podman" | "nerdctl")
    };
    for (at, word) in words.iter().enumerate() {
        if !engine(&word.text) {
            continue;
        }
        let end = words[at..].iter().position(|word| matches!(word.text.as_str(), ";" | "|" | "&"));
        let rest = &words[at + 1..end.map_or(words.len(), |end| at + end)];
        let verb = rest
            .iter()
            .position(|word| !word.text.starts_with('-') && word.text != "container" && word.text != "image");
        let Some(verb) = verb else { continue };
        let arguments = &rest[verb + 1..];
        match rest[verb].text.as_str() {
            "pull" if arguments.is_empty() => {
                let place = &rest[verb];
                used.push(Word { text: "$(standard input)".into(), line: place.line, column: place.column });
            }
            "run" | "create" | "pull" => used.extend(image(arguments)),
            "build" | "buildx" | "tag" | "import" | "load" => {
                let pairs = arguments.windows(2).filter(|pair| matches!(pair[0].text.as_str(), "-t" | "--tag"));
                built.extend(pairs.map(|pair| pair[1].text.clone()));
                built.extend(arguments.iter().filter_map(|word| word.text.strip_prefix("--tag=").map(str::to_owned)));
                let tagged = rest[verb].text == "tag" && arguments.len() > 1;
                built.extend(arguments.last().filter(|_| tagged).map(|word| word.text.clone()));
            }
            _ => {}
        }
    }
}

/// Finds the first word that is neither an option nor an option's value.
fn image(arguments: &[Word]) -> Option<Word> {
    let mut arguments = arguments.iter();
    loop {
        let word = arguments.next()?;
        // A variable of options comes before the image.
        let upper = word.text.to_ascii_uppercase();
        if word.text.starts_with('$') && ["OPT", "ARGS", "FLAGS"].iter().any(|part| upper.contains(part)) {
            continue;
        }
        if !word.text.starts_with('-') {
            let text = word.text.trim_end_matches([')', '`']).to_owned();
            let dollar = word.text.starts_with("$(") && word.text.ends_with(')');
            let text = if dollar { word.text.clone() } else { text };
            let looks = text.chars().next().is_some_and(|c| c.is_ascii_alphanumeric() || c == '$');
            return looks.then_some(Word { text, line: word.line, column: word.column });
        }
        let alone = ALONE.contains(&word.text.as_str()) || word.text.contains('=');
        if !alone {
            arguments.next()?;
        }
    }
}

/// Gathers what the text assigns, once and plainly.
fn assignments(text: &str) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    for line in text.lines() {
        let line = line.trim_start();
        let line = line.strip_prefix("export ").or_else(|| line.strip_prefix("local ")).unwrap_or(line);
        let Some((name, value)) = line.split_once('=') else { continue };
        let name = name.trim_end().trim_end_matches([':', '?']).trim_end();
        let word = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let value = value.trim().trim_matches(['"', '\'']);
        if word && !value.contains([' ', '`', ';']) && !value.contains("$(") {
            values.entry(name.to_owned()).or_insert_with(|| value.to_owned());
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    fn images(text: &str) -> Vec<(usize, String, bool, bool)> {
        let found = mentions(text, SourceKind::Script).into_iter().filter(|m| m.tool == ReferencedTool::Image);
        found.map(|m| (m.line, m.value, m.unclear.is_some(), m.look_alike.is_some())).collect()
    }

    #[test]
    fn images_of_run_and_pull_are_found_behind_their_options() {
        let text = "IMG=alpine:3\ndocker run --rm -it -v \"$PWD:/src\" --name=x golang:1.26 go test ./...\n\
                    sudo podman pull quay.io/a/b:1 && docker run \\\n  -e A=b \\\n  $IMG sh\n\
                    docker build -t ours:dev .\ndocker run ours:dev\ndocker run \"$WHO\"\n# docker run no:1\ndocker ps -a\n";
        let expected = [
            (2, "golang:1.26", false, false),
            (3, "quay.io/a/b:1", false, false),
            (5, "alpine:3", false, false),
            (7, "ours:dev", false, true),
            (8, "$WHO", true, false),
        ];
        assert_eq!(images(text), expected.map(|(line, text, unclear, built)| (line, text.to_owned(), unclear, built)));
    }

    #[test]
    fn makefiles_have_their_own_variables() {
        let text = "IMAGE ?= tools:1\nlint:\n\t@docker run --rm $(IMAGE) lint\n\t-docker pull ${OTHER}\n";
        assert_eq!(images(text), [(3, "tools:1".to_owned(), false, false), (4, "${OTHER}".to_owned(), true, false)]);
        let nested = "dex: sh -c \"true && docker run --rm -p 1:1 dex:2 serve\"\n";
        assert_eq!(images(nested), [(1, "dex:2".to_owned(), false, false)]);
        let piped = "docs:\n\tgrep image a.yml | xargs -n 1 docker pull\n\tdocker run $(DOCKER_OPTS) x:1 true\n";
        assert_eq!(
            images(piped),
            [(2, "$(standard input)".to_owned(), true, false), (3, "x:1".to_owned(), false, false)]
        );
    }
}
