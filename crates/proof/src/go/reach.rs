//! What the functions of a package come to, as far as the sources of the project's own modules show it. Names are followed and not
//! types, so that too much is followed rather than too little.

use std::collections::BTreeSet;

use super::mention::{Mention, Name, is_standard, locals, mentions};
use super::source::{Declaration, GoFile, Kind};

/// Gives the files of a module's own packages.
pub(super) trait Packages {
    /// Returns the folder of a package of the project's own.
    fn folder(&self, import_path: &str) -> Option<String>;

    /// Returns the files of a folder, tests apart; `None` when they cannot be looked at.
    fn files(&mut self, folder: &str) -> Option<Vec<GoFile>>;
}

/// The place of a declaration: its file, and where it is among those of the file.
pub(super) type Place = (usize, usize);

/// What is followed from the test files of a package.
pub(super) struct Reach<'p> {
    files: Vec<GoFile>,
    packages: &'p mut dyn Packages,
    /// The folders whose other files are here, too.
    complete: BTreeSet<String>,
    /// The methods that were named, of whatever type.
    methods: BTreeSet<String>,
    /// What is to be followed yet.
    open: Vec<Place>,
    /// The functions that were called of packages that are not the project's own.
    pub(super) unseen: BTreeSet<String>,
}

impl<'p> Reach<'p> {
    pub(super) fn new(files: Vec<GoFile>, packages: &'p mut dyn Packages) -> Self {
        let (complete, methods, unseen) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        Self { files, packages, complete, methods, open: Vec::new(), unseen }
    }

    /// Lists the functions of a name, each with its file.
    pub(super) fn functions(&self, name: &str) -> Vec<(Place, &GoFile, &Declaration)> {
        let is_it = |(_, _, found): &(Place, &GoFile, &Declaration)| found.kind == Kind::Function && found.name == name;
        self.all().filter(is_it).collect()
    }

    /// Returns what a `TestMain` comes to that may end the process, or choose which tests run. Of its own body only whose `Exit` it
    /// calls is judged here.
    pub(super) fn of_main(&mut self, main: Place) -> Option<String> {
        if let Some(other) = self.other_exit(main) {
            return Some(format!("calls an `Exit` of `{other}`, and not that of `os`"));
        }
        let mut found = self.mentions(main);
        // One of them is that of its parameter, which runs the tests.
        let runs = |mention: &Mention| mention.name == Name::Of("Run".to_owned());
        if found.iter().filter(|mention| runs(mention)).count() == 1 {
            found.retain(|mention| !runs(mention));
        }
        let mut seen: BTreeSet<Place> = [main].into();
        self.follow(main, found).err().or_else(|| {
            while let Some(place) = self.open.pop().or_else(|| self.next_method(&seen)) {
                if !seen.insert(place) {
                    continue;
                }
                let found = self.mentions(place);
                if found.iter().any(|mention| mention.ends(false) || mention.chooses()) {
                    let (file, declaration) = self.at(place);
                    let (name, file) = (&declaration.name, &file.name);
                    return Some(format!(
                        "comes to `{name}` (`{file}`), which can end the process or choose the tests"
                    ));
                }
                if let Err(why) = self.follow(place, found) {
                    return Some(why);
                }
            }
            None
        })
    }

    /// Returns what the `init` functions and the variables of the test files come to that may end the process, with the file. Only
    /// calls count, and only functions of these files are followed.
    pub(super) fn before_main(&self) -> Option<(&'static str, &str)> {
        let begins = |found: &Declaration| {
            found.kind == Kind::Variable || (found.kind == Kind::Function && found.name == "init")
        };
        for (begin, file, declaration) in self.all().filter(|(_, _, found)| begins(found)) {
            let (mut open, mut seen) = (vec![begin], BTreeSet::new());
            while let Some(place) = open.pop() {
                if !seen.insert(place) {
                    continue;
                }
                let found = self.mentions(place);
                if found.iter().any(|mention| mention.ends(true)) {
                    let of_variable = declaration.kind == Kind::Variable;
                    let says = if of_variable { "a package variable whose value ends" } else { "an `init` that ends" };
                    return Some((says, &file.name));
                }
                // A function that is the value of a variable runs only when it is called.
                let flat = self.at(place).1.kind == Kind::Variable;
                for mention in found.iter().filter(|mention| mention.is_call() && !(flat && mention.nested)) {
                    if let Name::Own(name) = &mention.name {
                        open.extend(self.of_name(&file.folder, name));
                    }
                }
            }
        }
        None
    }

    fn all(&self) -> impl Iterator<Item = (Place, &GoFile, &Declaration)> {
        let of_file = |(at, file): (usize, _)| {
            let file: &GoFile = file;
            file.declarations.iter().enumerate().map(move |(nth, declaration)| ((at, nth), file, declaration))
        };
        self.files.iter().enumerate().flat_map(of_file)
    }

    fn at(&self, (file, declaration): Place) -> (&GoFile, &Declaration) {
        (&self.files[file], &self.files[file].declarations[declaration])
    }

    fn mentions(&self, place: Place) -> Vec<Mention> {
        let (file, declaration) = self.at(place);
        mentions(file, declaration)
    }

    /// Names what else than a package of the operating system a `TestMain` calls an `Exit` of.
    fn other_exit(&self, main: Place) -> Option<String> {
        let (file, declaration) = self.at(main);
        let locals = locals(file, declaration);
        let hidden = ["os", "syscall"].into_iter().find(|name| locals.contains(*name));
        let other = |mention: Mention| match mention.name {
            Name::Own(word) | Name::Of(word) if word == "Exit" => Some("another value".to_owned()),
            Name::Imported(path, word) if word == "Exit" && !["os", "syscall"].contains(&path.as_str()) => Some(path),
            _ => None,
        };
        hidden.map(|name| format!("a variable {name}")).or_else(|| self.mentions(main).into_iter().find_map(other))
    }

    /// Returns a method that was named and not yet followed.
    fn next_method(&self, seen: &BTreeSet<Place>) -> Option<Place> {
        let is_it = |place: &Place, found: &Declaration| {
            found.kind == Kind::Method && self.methods.contains(&found.name) && !seen.contains(place)
        };
        self.all().find(|(place, _, found)| is_it(place, found)).map(|(place, _, _)| place)
    }

    /// Opens what the names of a declaration may mean; the error says what cannot be looked at.
    fn follow(&mut self, place: Place, found: Vec<Mention>) -> Result<(), String> {
        let (file, declaration) = self.at(place);
        let (own, locals) = (file.folder.clone(), locals(file, declaration));
        for mention in found {
            let is_call = mention.is_call();
            match mention.name {
                Name::Of(word) => {
                    if is_call {
                        self.complete(&own)?;
                    }
                    self.methods.insert(word);
                }
                Name::Own(word) => {
                    if self.of_name(&own, &word).is_empty() && !locals.contains(&word) {
                        self.complete(&own)?;
                    }
                    self.open.extend(self.of_name(&own, &word));
                }
                Name::Imported(path, word) => match self.packages.folder(&path) {
                    Some(folder) => {
                        self.complete(&folder)?;
                        self.open.extend(self.of_name(&folder, &word));
                    }
                    None if is_call && !is_standard(&path) => drop(self.unseen.insert(format!("{path}.{word}"))),
                    None => {}
                },
            }
        }
        Ok(())
    }

    /// Adds the files of a folder, tests apart.
    fn complete(&mut self, folder: &str) -> Result<(), String> {
        if self.complete.insert(folder.to_owned()) {
            let says = || format!("calls what cannot be looked at here, in `{}`", folder.trim_start_matches("/work/"));
            self.files.extend(self.packages.files(folder).ok_or_else(says)?);
        }
        Ok(())
    }

    /// Lists the functions and variables of a name in a folder.
    fn of_name(&self, folder: &str, name: &str) -> Vec<Place> {
        let is_it = |file: &GoFile, found: &Declaration| {
            found.name == name && found.kind != Kind::Method && file.folder == folder
        };
        self.all().filter(|(_, file, found)| is_it(file, found)).map(|(place, _, _)| place).collect()
    }
}
