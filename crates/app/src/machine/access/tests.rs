use super::*;

/// A folder of settings, and the variables that lead to it.
struct Machine {
    _folder: tempfile::TempDir,
    variables: Variables,
}

impl Machine {
    fn new(files: &[(&str, &str)], variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a file has a folder")).expect("made");
            std::fs::write(path, text).expect("written");
        }
        let home = folder.path().display().to_string();
        let all = [("HOME", home.as_str())].into_iter().chain(variables.iter().copied());
        let variables = all.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { _folder: folder, variables }
    }

    fn gather(&self, client: RegistryClient, project: &[(&str, &str)]) -> RegistryAccess {
        self.gather_with(client, project, Some(&self.variables))
    }

    fn gather_with(
        &self,
        client: RegistryClient,
        project: &[(&str, &str)],
        of_project: Option<&Variables>,
    ) -> RegistryAccess {
        let handed = ["GOPROXY", "npm_config_registry", "HTTPS_PROXY"];
        let handed_on = self.variables.iter().filter(|(name, _)| handed.contains(&name.as_str()));
        let project: Vec<ProjectFile> =
            project.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        gather(
            client,
            handed_on.map(|(name, value)| (name.clone(), value.clone())).collect(),
            &self.variables,
            (&project, of_project),
        )
    }
}

fn script(access: &RegistryAccess) -> String {
    access.secrets.as_ref().map(|secrets| String::from_utf8_lossy(&secrets.script).into_owned()).unwrap_or_default()
}

/// Whether a word would be hidden.
fn hides(access: &RegistryAccess, word: &str) -> bool {
    access.secrets.as_ref().is_some_and(|secrets| secrets.words.iter().any(|known| known == word.as_bytes()))
}

/// Every secret of a test has this in it, and nothing else has.
const MARK: &str = "s3cr3t";

fn is_nowhere_else(access: &RegistryAccess) {
    let shown = format!("{:?} {:?} {:?}", access.environment, access.looked_at, access.secrets);
    assert!(!shown.contains(MARK), "{shown}");
}

#[test]
fn pip_gets_its_index_and_the_netrc_and_no_variable_of_a_strangers_file() {
    let conf = "[global]\nextra-index-url = https://me:s3cr3tA@extra.example/simple\ntrusted-host = extra.example\n";
    let files = [(".pip/pip.conf", conf), (".netrc", "machine h.example login me password s3cr3tB\n")];
    let variables = [("PIP_INDEX_URL", "https://h.example/simple"), ("TOKEN", "s3cr3tC"), ("PATH", "/s3cr3t")];
    let machine = Machine::new(&files, &variables);
    let project = [("requirements.txt", "--index-url https://${TOKEN}@p.example/simple\na==${PATH}${MISSING}\n")];
    let access = machine.gather(RegistryClient::Pip, &project);
    assert_eq!(access.environment["PIP_INDEX_URL"], "https://h.example/simple");
    assert_eq!(access.environment["PIP_TRUSTED_HOST"], "extra.example");
    let script = script(&access);
    for part in ["PIP_EXTRA_INDEX_URL=", "s3cr3tA@extra.example", "s3cr3tB", "NETRC=", "TOKEN="] {
        assert!(script.contains(part), "{part} in {script}");
    }
    assert!(!script.contains("PATH="), "{script}");
    assert!(["s3cr3tA", "s3cr3tB", "s3cr3tC"].iter().all(|word| hides(&access, word)));
    is_nowhere_else(&access);
    assert!(access.looked_at.iter().any(|one| one.hosts.contains("extra.example")));
    assert!(access.looked_at.iter().any(|one| one.unset.contains("MISSING")));
    let stranger = machine.gather_with(RegistryClient::Pip, &project, None);
    assert!(!hides(&stranger, "s3cr3tC") && hides(&stranger, "s3cr3tB"));
}

#[test]
fn a_machine_without_credentials_hands_on_its_variables_alone() {
    let machine = Machine::new(&[], &[("GOPROXY", "https://proxy.example,direct")]);
    let access = machine.gather(RegistryClient::Go, &[]);
    assert_eq!(access.environment["GOPROXY"], "https://proxy.example,direct");
    assert_eq!(access.secrets, None);
    assert!(!access.looked_at.last().expect("netrc").is_there);
}

#[test]
fn what_go_knows_reaches_the_step() {
    let netrc = "machine p.example:8443 login me password s3cr3t-netrc\n";
    let files = [(".netrc", netrc), (".config/go/env", "GOPRIVATE=own.example\nGOPROXY=https://other.example\n")];
    let proxy = [("GOPROXY", "https://me:s3cr3t%2Furl@p.example|direct"), ("HTTPS_PROXY", "http://u:s3cr3t-proxy@x:1")];
    let access = Machine::new(&files, &proxy).gather(RegistryClient::Go, &[]);
    assert_eq!(access.environment, [("GOPRIVATE".to_owned(), "own.example".to_owned())].into());
    let script = script(&access);
    assert!(script.contains(&format!("printf %s '{netrc}' > {NETRC} )")), "{script}");
    assert!(script.contains("export GOPROXY='https://me:s3cr3t%2Furl@p.example|direct'\n"), "{script}");
    for word in ["s3cr3t-netrc", "s3cr3t%2Furl", "s3cr3t/url", "s3cr3t-proxy", "bWU6czNjcjN0LW5ldHJj"] {
        assert!(hides(&access, word), "{word}");
    }
    let hosts: Vec<_> = access.looked_at.iter().flat_map(|one| one.hosts.iter().map(String::as_str)).collect();
    assert_eq!(hosts, ["p.example", "p.example:8443"]);
    is_nowhere_else(&access);
}

#[test]
fn what_npm_knows_reaches_the_step() {
    let user = "; mine\nregistry=https://r.example/npm\n//r.example/npm/:_authToken = \"${TOKEN}\"\n@own:registry=https://own.example/\n\
                //own.example/:username=me\n//own.example/:_password=czNjcjN0LXBhc3M=\n_auth=bWU6czNjcjN0LW9sZA==\nsave-exact=true\n\
                email = me@x # s3cr3t of nobody\n";
    let machine = Machine::new(
        &[(".npmrc", user)],
        &[
            ("TOKEN", "s3cr3t-token"),
            ("LD_PRELOAD", "/x.so"),
            ("npm_config_//v.example/:_authToken", "s3cr3t-variable"),
        ],
    );
    let project = [("web/.npmrc", "//p.example/:_authToken=${TOKEN}\n@p:registry=https://${LD_PRELOAD}\n")];
    let access = machine.gather(RegistryClient::Npm, &project);
    let script = script(&access);
    for line in [
        "//own.example/:_password = czNjcjN0LXBhc3M=\n",
        "//own.example/:username = me\n",
        "//p.example/:_authToken = s3cr3t-token\n",
        "//r.example/npm/:_auth = bWU6czNjcjN0LW9sZA==\n",
        "//r.example/npm/:_authToken = s3cr3t-token\n",
        "//v.example/:_authToken = s3cr3t-variable\n",
        "@own:registry = https://own.example/\n",
        "registry = https://r.example/npm\n",
        "export TOKEN='s3cr3t-token'\n",
        "export npm_config_userconfig='/dev/shm/rcrepro-npmrc'\n",
    ] {
        assert!(script.contains(line), "{line} is not in {script}");
    }
    assert!(!script.contains("export LD_PRELOAD") && !script.contains("save-exact"), "{script}");
    for word in
        ["s3cr3t-token", "s3cr3t-pass", "czNjcjN0LXBhc3M=", "s3cr3t-old", "bWU6czNjcjN0LW9sZA==", "s3cr3t-variable"]
    {
        assert!(hides(&access, word), "{word}");
    }
    is_nowhere_else(&access);
}

#[test]
fn a_strangers_settings_name_no_variable_of_this_machine() {
    let machine = Machine::new(
        &[(".npmrc", "//own.example/:_authToken=${TOKEN}\n")],
        &[("TOKEN", "s3cr3t-token"), ("OTHER", "s3cr3t-other")],
    );
    let project =
        [(".npmrc", "registry=https://evil.example\n//evil.example/:_authToken=${OTHER}\nstrict-ssl=false\n")];
    let access = machine.gather_with(RegistryClient::Npm, &project, None);
    let given = script(&access);
    assert!(given.contains("//own.example/:_authToken = s3cr3t-token\n"), "{given}");
    assert!(!given.contains("s3cr3t-other") && !given.contains("export OTHER"), "{given}");
    assert!(given.contains(&format!("export npm_config_strict_ssl={}\n", quoted("true"))), "{given}");
    let own = script(&machine.gather(RegistryClient::Npm, &project));
    assert!(own.contains("s3cr3t-other") && !own.contains("export npm_config_strict_ssl"), "{own}");
}

#[test]
fn a_registry_with_credentials_in_its_address_is_one_without_for_npm() {
    let machine = Machine::new(&[], &[("npm_config_registry", "https://me:s3cr3t%40x@r.example/npm/")]);
    let access = machine.gather(RegistryClient::Npm, &[]);
    let script = script(&access);
    assert!(
        script.contains("//r.example/npm/:username = me\n") && script.contains("registry = https://r.example/npm/\n"),
        "{script}"
    );
    assert!(
        script.contains(&format!(
            "//r.example/npm/:_password = {}\n",
            rcrepro_model::content::base64::encode("s3cr3t@x")
        ))
    );
    assert!(hides(&access, "s3cr3t%40x") && hides(&access, "s3cr3t@x"));
    assert!(!access.environment.contains_key("npm_config_registry"));
    is_nowhere_else(&access);
}

#[test]
fn what_yarn_and_pnpm_know_is_written_for_npm() {
    let yarn = "npmRegistryServer: https://y.example\nnpmAuthToken: \"${Y_TOKEN:-s3cr3t-other}\"\nnpmScopes:\n  own:\n    \
                npmRegistryServer: https://own.example/npm/\n    npmAuthIdent: me:s3cr3t-ident\nnpmRegistries:\n  //third.example:\n    \
                npmAuthToken: s3cr3t-third\n";
    let classic =
        "# yarn lockfile v1\nregistry \"https://old.example\"\n\"//old.example/:_authToken\" s3cr3t-classic\n";
    let access = Machine::new(&[(".yarnrc", classic)], &[]).gather(RegistryClient::Yarn, &[(".yarnrc.yml", yarn)]);
    let script_of_yarn = script(&access);
    for line in [
        "//old.example/:_authToken = s3cr3t-classic\n",
        "//own.example/npm/:_auth = bWU6czNjcjN0LWlkZW50\n",
        "//third.example/:_authToken = s3cr3t-third\n",
        "//y.example/:_authToken = s3cr3t-other\n",
        "@own:registry = https://own.example/npm/\n",
        "registry = https://y.example\n",
    ] {
        assert!(script_of_yarn.contains(line), "{line} is not in {script_of_yarn}");
    }
    assert!(hides(&access, "s3cr3t-ident") && hides(&access, "s3cr3t-third"));
    is_nowhere_else(&access);
    let machine = Machine::new(&[(".config/pnpm/auth.ini", "//q.example/:_authToken=s3cr3t-pnpm\n")], &[]);
    let access = machine.gather(RegistryClient::Pnpm, &[]);
    assert!(script(&access).contains("//q.example/:_authToken = s3cr3t-pnpm\n"));
    is_nowhere_else(&access);
}

#[test]
fn a_variable_that_is_not_set_is_named_and_opens_nothing() {
    let access =
        Machine::new(&[], &[]).gather(RegistryClient::Npm, &[(".npmrc", "//h.example/:_authToken=${NPM_TOKEN}\n")]);
    let of_project = access.looked_at.iter().find(|one| one.place.contains("of the source")).expect("a place");
    assert!(of_project.hosts.is_empty() && of_project.unset.contains("NPM_TOKEN"), "{of_project:?}");
}

#[test]
fn the_script_is_a_shells_whatever_the_secrets_are() {
    let hostile = "s3cr3t'; touch /tmp/x; $(id) `id` \"\\";
    let netrc = format!("machine h login u password {hostile}\n");
    let access =
        Machine::new(&[(".netrc", &netrc)], &[("GOPROXY", "http://a:s3cr3t'$(id)@h")]).gather(RegistryClient::Go, &[]);
    let scene = tempfile::tempdir().expect("a folder");
    let (file, shm) = (scene.path().join("secrets.sh"), scene.path().join("netrc"));
    std::fs::write(&file, script(&access).replace(NETRC, &shm.display().to_string())).expect("written");
    let output = std::process::Command::new("bash")
        .args(["-c", "printf '%s\\n' \"$GOPROXY\" \"${BASH_ENV-none}\"; cat \"$NETRC\""])
        .env("BASH_ENV", &file)
        .output()
        .expect("bash is here");
    let expected = format!("http://a:s3cr3t'$(id)@h\nnone\n{netrc}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(std::fs::read(&file).expect("still there"), b"", "it empties itself");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&shm).expect("written").permissions());
    assert_eq!(mode & 0o777, 0o600);
}
