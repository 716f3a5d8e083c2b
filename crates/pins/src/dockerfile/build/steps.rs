//! What single lines of a stage take: `COPY`, `ADD` and `RUN`.

use std::sync::LazyLock;

use regex::Regex;

use super::mounts::{requires_ssh, wrong_mount, wrong_port};
use super::reader::{Counts, Reader};
use super::values::Scope;
use super::{LineFault, SecretMount};
use crate::dockerfile::front_end::TRUE;
use crate::dockerfile::lines::{DockerfileInstruction, Word};

/// A repository: by a protocol of git, by ssh as git writes it without a protocol, or by the end of its name.
static BY_GIT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:(?i:git|ssh)://|[A-Za-z0-9_-]+@[A-Za-z0-9.-]+:|(?i:https?)://[^?#]*\.git(?:$|[?#]))")
        .expect("a constant pattern")
});

impl Reader<'_> {
    /// Judges one line of a stage, which sees these variables.
    pub fn step(&mut self, at: usize, step: &DockerfileInstruction, scope: &Scope) {
        match step.name.as_str() {
            "ADD" => {
                self.fetches(at, step, scope);
                self.copies(at, step, scope);
            }
            "COPY" => {
                let from = step.flag("from");
                from.iter().for_each(|word| self.copied_from(at, word));
                if from.is_empty() {
                    self.fetches(at, step, scope);
                    self.copies(at, step, scope);
                }
            }
            "RUN" => self.run(at, step, scope),
            "EXPOSE" => self.ports(at, step, scope),
            _ => {}
        }
    }

    /// Judges what `COPY --from` names: a stage by its name or number, or an image.
    fn copied_from(&mut self, at: usize, word: &Word) {
        let text = word.text.as_str();
        if text.contains('$') {
            return self.variable(word, "COPY --from");
        }
        let stage = match text.parse::<usize>() {
            Err(_) => self.stages.find(text),
            Ok(number) if number < self.stages.all.len() => Some(number),
            Ok(number) => {
                let count = self.stages.all.len();
                let says = format!("`COPY --from={number}` names no stage: expected 0 to {}", count.saturating_sub(1));
                return self.refuse(Counts::Always, word.line, says, "name the stage: FROM … AS NAME".to_owned());
            }
        };
        self.source(at, word, stage);
    }

    /// Takes a stage, or the image of this name.
    fn source(&mut self, at: usize, word: &Word, stage: Option<usize>) {
        match stage {
            Some(stage) if stage < at => self.links[at].push(stage),
            Some(_) => {
                let says = format!("`{}` is a stage that does not come before this one", word.text);
                let hint = "move the stage up".to_owned();
                self.refuse(Counts::If(at), word.line, says, hint);
            }
            None if word.text == "scratch" => {}
            None => {
                self.image(at, word, &word.text.clone(), (&[], true));
                self.locked_for_the_machine(at, word, &word.text.clone());
            }
        }
    }

    fn variable(&mut self, word: &Word, what: &str) {
        let says = format!("`{what}={}`: no variable is replaced there", word.text);
        let hint = format!("name a stage instead: FROM {} AS NAME, with `ARG` before the first FROM", word.text);
        self.refuse(Counts::Always, word.line, says, hint);
    }

    /// Refuses the sources of a line that are elsewhere.
    fn fetches(&mut self, at: usize, step: &DockerfileInstruction, scope: &Scope) {
        let name = &step.name;
        for word in sources(step) {
            let Some(found) = scope.expand(&word.text) else { continue };
            let Some(what) = elsewhere(&found.text) else { continue };
            let says = format!("`{name} {}` takes {what}, and nothing is fetched", word.text);
            let hint = "have a command hand it on, of a frozen input or the source: contexts = { fetched = \"output:COMMAND/PATH\" } \
                        in the image's table of rcrepro.toml, and COPY --from=fetched";
            self.refuse(Counts::If(at), word.line, says, hint.to_owned());
        }
    }

    fn run(&mut self, at: usize, step: &DockerfileInstruction, scope: &Scope) {
        for (flag, known, not_allowed, hint) in [
            (
                "network",
                &["default", "none", "host"][..],
                "host",
                "leave the flag out: a step has no network, and finds `frozen` inputs at /deps/NAME",
            ),
            (
                "security",
                &["sandbox", "insecure"],
                "insecure",
                "leave the flag out: a step has Docker's usual capabilities",
            ),
        ] {
            for word in step.flag(flag) {
                let says = format!("`RUN --{flag}={}`", word.text);
                if word.text == not_allowed {
                    self.refuse(
                        Counts::If(at),
                        word.line,
                        format!("{says} is not allowed to a build"),
                        hint.to_owned(),
                    );
                } else if !known.contains(&word.text.as_str()) {
                    let says = format!("{says}: expected `{}`", known[0]);
                    self.refuse(Counts::Always, word.line, says, "leave the flag out".to_owned());
                }
            }
        }
        for mount in step.flag("mount") {
            let options = mount.split(',');
            self.mount(at, &mount, &options, scope);
            let kind = options.iter().find_map(|option| value(option, &["type"])).map(|word| word.text);
            if let Some(from) = options.iter().rev().find_map(|option| value(option, &["from"])) {
                match from.text.find('$') {
                    Some(dollar) if dollar + 1 < from.text.len() => self.variable(&from, "RUN --mount=from"),
                    _ if from.text.is_empty() => {}
                    _ => self.source(at, &from, self.stages.find(&from.text)),
                }
            }
            match kind.as_deref().map(|kind| scope.expand(kind)) {
                Some(Some(kind)) if kind.text.eq_ignore_ascii_case("secret") => self.secret(at, &options, scope),
                Some(None) => self.are_secrets_told = false,
                _ => {}
            }
        }
    }

    /// Refuses a mount that BuildKit does not take.
    fn mount(&mut self, at: usize, mount: &Word, options: &[Word], scope: &Scope) {
        if let Some(why) = wrong_mount(options, scope) {
            let hint = "see `RUN --mount` in the Dockerfile reference".to_owned();
            self.refuse(Counts::If(at), mount.line, format!("`RUN --mount={}`: {why}", mount.text), hint);
        } else if requires_ssh(options, scope) {
            let says = format!("`RUN --mount={}` requires an ssh agent, and a build is given none", mount.text);
            let hint =
                "have a command hand on what is fetched, of a frozen input or the source; or leave out `required`";
            self.refuse(Counts::If(at), mount.line, says, hint.to_owned());
        }
    }

    /// Refuses ports that BuildKit does not read.
    fn ports(&mut self, at: usize, step: &DockerfileInstruction, scope: &Scope) {
        for word in step.flags().1 {
            let Some(text) = scope.expand(&word.text).map(|found| found.text) else { continue };
            for why in text.split_whitespace().filter_map(wrong_port) {
                self.refuse(
                    Counts::If(at),
                    word.line,
                    format!("`EXPOSE {}`: {why}", word.text),
                    "EXPOSE 8080/tcp".to_owned(),
                );
            }
        }
    }

    /// Takes a secret by its id, its source, or the last part of its place.
    fn secret(&mut self, at: usize, options: &[Word], scope: &Scope) {
        let find = |keys: &[&str]| options.iter().rev().find_map(|option| value(option, keys));
        let told = |word: Word| scope.expand(&word.text).map(|found| found.text);
        let place = || find(&["target", "dst", "destination"]).map(|word| told(word).map(|text| base_name(&text)));
        let id = find(&["source", "src"]).or_else(|| find(&["id"])).map(told).or_else(place);
        let required = options.iter().rev().find_map(|option| match value(option, &["required"]) {
            Some(word) => Some(told(word)),
            None => option.text.eq_ignore_ascii_case("required").then(|| Some("true".to_owned())),
        });
        let is_required = matches!(&required, Some(Some(text)) if TRUE.contains(&text.as_str()));
        match id {
            Some(Some(id)) if !id.is_empty() => {
                let line = options.first().map_or(0, |option| option.line);
                if !self.given.secrets.contains(&id) {
                    self.unnamed_secret(at, line, &id, is_required);
                }
                self.secrets.push((at, SecretMount { line, id, is_required, is_needed: false }));
            }
            _ => self.are_secrets_told = false,
        }
    }

    /// Says that the plan names no such secret.
    fn unnamed_secret(&mut self, at: usize, line: usize, id: &str, is_required: bool) {
        let hint =
            format!("secrets = {{ {id} = \"env:VARIABLE\" }}, or file:PATH, in the image's table of rcrepro.toml");
        if is_required {
            let says = format!("the step requires the secret `{id}`, which the plan does not name");
            self.refuse(Counts::If(at), line, says, hint);
        } else {
            let says = format!("the step takes the secret `{id}`, which the plan does not name: it runs without it");
            self.notes.push((at, LineFault { line, says, hint }));
        }
    }
}

/// Returns the value of an option of a mount by one of its names.
fn value(option: &Word, names: &[&str]) -> Option<Word> {
    let (name, value) = option.split_once('=')?;
    names.iter().any(|known| name.text.eq_ignore_ascii_case(known)).then_some(value)
}

fn base_name(path: &str) -> String {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned()
}

/// Lists the sources of a line, which come before its last word, of the form in JSON, too.
pub(super) fn sources(step: &DockerfileInstruction) -> Vec<Word> {
    let (_, words) = step.flags();
    let is_list = words.first().is_some_and(|word| word.text.starts_with('['));
    let parts = words.iter().flat_map(|word| if is_list { word.split(',') } else { vec![word.clone()] });
    let mut parts: Vec<Word> = parts
        .map(|part| part.after("[").unwrap_or(part))
        .filter(|part| !part.text.is_empty() && part.text != "]")
        .collect();
    parts.pop();
    parts
}

/// Names what is fetched for a source; none for a path.
pub(super) fn elsewhere(source: &str) -> Option<&'static str> {
    if BY_GIT.is_match(source) {
        return Some("a repository from elsewhere");
    }
    ["http://", "https://"].iter().any(|protocol| source.starts_with(protocol)).then_some("a file from elsewhere")
}
