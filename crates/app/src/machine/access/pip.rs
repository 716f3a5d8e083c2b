//! Where pip asks for packages on this machine: its variables, else its files of settings.

use std::collections::BTreeMap;

use super::settings::{LookedAt, ProjectFile, Variables};
use super::{Gathering, files, is_the_steps_own, words};

/// The settings that a step needs, by the variable that carries each.
const SETTINGS: [(&str, &str); 3] =
    [("index-url", "PIP_INDEX_URL"), ("extra-index-url", "PIP_EXTRA_INDEX_URL"), ("trusted-host", "PIP_TRUSTED_HOST")];

impl Gathering {
    /// Gathers what pip would know: where registries are, the machine's netrc, and the variables that requirement files name.
    pub(super) fn pip(
        &mut self,
        variables: &Variables,
        (project, of_project): (&[ProjectFile], Option<&Variables>),
        environment: &mut BTreeMap<String, String>,
        looked_at: &mut Vec<LookedAt>,
    ) {
        let mut settings = BTreeMap::new();
        for path in files::pip(variables) {
            settings.extend(files::read(&path).map(|text| read(&text)).unwrap_or_default());
        }
        for (_, variable) in SETTINGS {
            let value = variables.get(variable).filter(|value| !value.is_empty());
            settings.extend(value.map(|value| (variable, value.clone())));
        }
        let mut hosts = std::collections::BTreeSet::new();
        for (variable, value) in settings {
            hosts.extend(value.split_whitespace().filter_map(words::host_with_credentials));
            match self.words.of_addresses(&value) {
                true => drop(self.exported.insert(variable.to_owned(), value)),
                false => drop(environment.insert(variable.to_owned(), value)),
            }
        }
        let place = "PIP_INDEX_URL and `pip.conf`".to_owned();
        looked_at.push(LookedAt { place, hosts, is_there: true, ..LookedAt::default() });
        for (path, text) in project {
            let mut found = LookedAt { place: format!("`{path}`"), is_there: true, ..LookedAt::default() };
            for name in named(text).filter(|name| !is_the_steps_own(name)) {
                match of_project.and_then(|variables| variables.get(name)) {
                    Some(value) => {
                        self.words.login("", value);
                        self.exported.insert(name.to_owned(), value.clone());
                    }
                    None => drop(found.unset.insert(name.to_owned())),
                }
            }
            if !found.unset.is_empty() {
                looked_at.push(found);
            }
        }
        self.netrc(variables, looked_at);
    }
}

/// Reads what counts of a file of settings: those of all commands, and those of `download`.
fn read(text: &str) -> BTreeMap<&'static str, String> {
    let (mut found, mut counts, mut last) = (BTreeMap::<&str, String>::new(), false, None);
    for line in text.lines().filter(|line| !line.trim_start().starts_with(['#', ';'])) {
        // A value goes on in lines that begin with a space.
        if let Some(variable) = last.filter(|_| line.starts_with([' ', '\t'])) {
            let value: &mut String = found.entry(variable).or_default();
            value.push(' ');
            value.push_str(line.trim());
            continue;
        }
        last = None;
        if let Some(section) = line.trim().strip_prefix('[') {
            counts = matches!(section.trim_end_matches(']').trim(), "global" | "download");
        } else if let Some((key, value)) = line.split_once(['=', ':']).filter(|_| counts) {
            let key = key.trim().to_ascii_lowercase().replace('_', "-");
            last = SETTINGS.iter().find(|(name, _)| *name == key).map(|(_, variable)| *variable);
            found.extend(last.map(|variable| (variable, value.trim().to_owned())));
        }
    }
    found.into_iter().map(|(variable, value)| (variable, value.trim().to_owned())).collect()
}

/// Lists the variables that a requirement file names, as pip replaces them: `${NAME}` in capital letters.
fn named(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    lines.flat_map(|line| line.split("${").skip(1)).filter_map(|rest| {
        let name = rest.split_once('}')?.0;
        let is_name = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
        (!name.is_empty() && name.bytes().all(is_name)).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_all_commands_and_of_download_count() {
        let text = "# x\n[global]\nindex-url = https://h.example/simple\nextra_index_url =\n    https://a.example\n    https://b.example\n\
            cert = /x\n[install]\ntrusted-host = no.example\n[download]\ntrusted-host: h.example\n";
        let found = read(text);
        assert_eq!(found["PIP_INDEX_URL"], "https://h.example/simple");
        assert_eq!(found["PIP_EXTRA_INDEX_URL"], "https://a.example https://b.example");
        assert_eq!(found["PIP_TRUSTED_HOST"], "h.example");
        assert_eq!(found.len(), 3);
    }

    #[test]
    fn variables_are_found_as_pip_writes_them() {
        let text = "--index-url https://${USER_1}:${TOKEN}@h.example\n# ${NO}\n${lower} $PLAIN ${\n";
        assert_eq!(named(text).collect::<Vec<_>>(), ["USER_1", "TOKEN"]);
    }
}
