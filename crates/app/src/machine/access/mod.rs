//! What opens registries on this machine, for the steps that have a network: the settings of Go, npm, pnpm, yarn and pip.
//!
//! Nothing of it is recorded: settings without a secret become variables, everything else one script that the step's shell runs
//! first ([`StepSecrets`]), and every secret word is taken out of what the step says. The locked digest is what is relied on.

use std::collections::BTreeMap;
use std::path::Path;

use self::npmrc::NpmSettings;
pub use self::settings::LookedAt;
pub(crate) use self::settings::{ProjectFile, RegistryClient, Variables};
use self::words::SecretWords;
use rcrepro_engine::StepSecrets;
use rcrepro_shell::quoted;

mod files;
mod netrc;
mod npmrc;
mod pip;
mod settings;
#[cfg(test)]
mod tests;
pub(super) mod words;
mod yarnrc;

/// Where the step finds what is written for its client; it ends with the container.
const NETRC: &str = "/dev/shm/rcrepro-netrc";
const NPMRC: &str = "/dev/shm/rcrepro-npmrc";

/// What a step with network is given.
#[derive(Debug, Default)]
pub(crate) struct RegistryAccess {
    /// Variables that hold no secret.
    pub environment: BTreeMap<String, String>,
    /// Everything else.
    pub secrets: Option<StepSecrets>,
    /// Where credentials were looked for.
    pub looked_at: Vec<LookedAt>,
}

/// Gathers what a client on this machine would know. `handed_on` are the variables that every step gets. Files of the project may
/// name the variables beside them, or none.
pub(crate) fn gather(
    client: RegistryClient,
    handed_on: BTreeMap<String, String>,
    variables: &Variables,
    project: (&[ProjectFile], Option<&Variables>),
) -> RegistryAccess {
    let mut gathering = Gathering { words: SecretWords::default(), exported: BTreeMap::new(), files: Vec::new() };
    let (mut environment, mut looked_at) = (BTreeMap::new(), Vec::new());
    for (name, value) in handed_on {
        let is_npm = name.eq_ignore_ascii_case("npm_config_registry") && client != RegistryClient::Go;
        match gathering.words.of_addresses(&value) {
            // npm reads no credentials in an address: they go into its settings.
            true if is_npm && client != RegistryClient::Pip => {}
            true => drop(gathering.exported.insert(name, value)),
            false => drop(environment.insert(name, value)),
        }
    }
    match client {
        RegistryClient::Go => gathering.go(variables, &mut environment, &mut looked_at),
        RegistryClient::Pip => gathering.pip(variables, project, &mut environment, &mut looked_at),
        _ => gathering.npm(client, variables, project, &mut looked_at),
    }
    RegistryAccess { environment, secrets: gathering.finish(), looked_at }
}

/// What is to reach the step, as it is gathered.
struct Gathering {
    words: SecretWords,
    exported: BTreeMap<String, String>,
    files: Vec<(&'static str, String)>,
}

impl Gathering {
    fn go(&mut self, variables: &Variables, environment: &mut BTreeMap<String, String>, looked_at: &mut Vec<LookedAt>) {
        // What `go env -w` wrote counts where no variable does.
        for (name, value) in files::go_settings(variables) {
            if !environment.contains_key(&name) && !self.exported.contains_key(&name) {
                match self.words.of_addresses(&value) {
                    true => drop(self.exported.insert(name, value)),
                    false => drop(environment.insert(name, value)),
                }
            }
        }
        let proxies = self.exported.get("GOPROXY").or(environment.get("GOPROXY")).cloned().unwrap_or_default();
        let hosts = proxies.split([',', '|']).filter_map(words::host_with_credentials).collect();
        looked_at.push(LookedAt { place: "GOPROXY".to_owned(), hosts, is_there: true, ..LookedAt::default() });
        self.netrc(variables, looked_at);
    }

    /// Hands on the machine's netrc.
    fn netrc(&mut self, variables: &Variables, looked_at: &mut Vec<LookedAt>) {
        let (place, text) = files::netrc(variables);
        let entries = text.as_deref().map(netrc::read).unwrap_or_default();
        for entry in &entries {
            self.words.login(&entry.login, &entry.password);
        }
        let hosts = entries.into_iter().map(|entry| entry.machine).collect();
        looked_at.push(LookedAt { place, hosts, is_there: text.is_some(), ..LookedAt::default() });
        if let Some(text) = text {
            self.files.push((NETRC, text));
            self.exported.insert("NETRC".to_owned(), NETRC.to_owned());
        }
    }

    fn npm(
        &mut self,
        client: RegistryClient,
        variables: &Variables,
        (project, of_project): (&[ProjectFile], Option<&Variables>),
        looked_at: &mut Vec<LookedAt>,
    ) {
        let (none, is_trusted) = (Variables::new(), of_project.is_some());
        let of_project = of_project.unwrap_or(&none);
        let mut settings = NpmSettings::default();
        for (place, path) in files::npm(client, variables) {
            let text = files::read(&path);
            let found = text.as_deref().map(|text| read_settings(&path, text, variables)).unwrap_or_default();
            looked_at.push(found.looked_at(place, text.is_some()));
            settings.merge(found);
        }
        for (path, text) in project {
            let found = read_settings(Path::new(path), text, of_project);
            looked_at.push(found.looked_at(format!("`{path}` of the source"), true));
            // npm reads that file for itself, and finds there what the machine's variables are.
            for name in &found.named {
                if let Some(value) = of_project.get(name).filter(|_| !is_the_steps_own(name)) {
                    self.exported.insert(name.clone(), value.clone());
                }
            }
            settings.merge(found);
        }
        let found = npmrc::of_variables(variables);
        looked_at.push(found.looked_at("the variables npm_config_…".to_owned(), true));
        settings.merge(found);
        let text = settings.text(&mut self.words);
        if !text.is_empty() {
            self.files.push((NPMRC, text));
            self.exported.insert("npm_config_userconfig".to_owned(), NPMRC.to_owned());
            // A stranger's `.npmrc` may name a proxy, too: whom tokens go to is then for TLS to say.
            if !is_trusted {
                self.exported.insert("npm_config_strict_ssl".to_owned(), "true".to_owned());
            }
        }
    }

    fn finish(self) -> Option<StepSecrets> {
        if self.exported.is_empty() && self.files.is_empty() {
            return None;
        }
        let mut script = String::new();
        for (path, text) in &self.files {
            script.push_str(&format!("( umask 077; printf %s {} > {path} )\n", quoted(text)));
        }
        for (name, value) in &self.exported {
            script.push_str(&format!("export {name}={}\n", quoted(value)));
        }
        script.push_str(": > \"$BASH_ENV\"\nunset BASH_ENV\n");
        Some(StepSecrets { script: script.into_bytes(), words: self.words.finish() })
    }
}

/// Reads settings of npm, or of yarn, by the file's name.
fn read_settings(path: &Path, text: &str, variables: &Variables) -> NpmSettings {
    match path.file_name().and_then(|name| name.to_str()) {
        Some(".yarnrc.yml") => yarnrc::read(text, variables),
        Some(".yarnrc") => npmrc::read_yarn_1(text, variables),
        _ => npmrc::read(text, variables),
    }
}

/// Whether a variable is the step's own, whatever a project names: those that an action fixes, and those that change what programs
/// run.
fn is_the_steps_own(name: &str) -> bool {
    let is_name =
        name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_') && !name.starts_with(|c: char| c.is_ascii_digit());
    let fixed =
        ["HOME", "HOSTNAME", "LANG", "LC_ALL", "PATH", "SOURCE_DATE_EPOCH", "TZ", "IFS", "ENV", "SHELLOPTS", "UID"];
    !is_name || fixed.contains(&name) || ["LD_", "BASH", "NODE_"].iter().any(|start| name.starts_with(start))
}
