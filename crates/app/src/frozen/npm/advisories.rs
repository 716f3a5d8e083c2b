//! npm's advisories as a frozen input: a cassette of what a registry answered to `npm audit`, and `bin/npm`, which plays it.
//!
//! The recorder (`front/record.cjs`) runs in the step with network, between npm and the registry that npm is configured for;
//! the player (`front/npm.cjs`) is found first in the search path of commands that use the cassette, and gives `npm audit` a
//! registry on the container's own loopback. Both are part of the tree or of the step, so that nothing outside of the
//! action decides what an audit says. See `docs/design/advisories.md`.

use std::collections::BTreeMap;
use std::path::Path;

use crate::frozen::mirror::{self, MirrorError};
use rcrepro_format::advisories::cassette_json::{self, CassetteJsonError};
use rcrepro_format::plan::frozen_toml::FrozenData;

/// What recorder and player agree on.
const CASSETTE: (&str, &str) = ("cassette.cjs", include_str!("../front/cassette.cjs"));
/// The program that is found before npm.
const FRONT: (&str, &str) = ("bin/npm", include_str!("../front/npm.cjs"));
/// The programs in the folder of the step with network.
pub const RECORDER: [(&str, &str); 2] = [CASSETTE, ("record.cjs", include_str!("../front/record.cjs"))];
/// The shell line of the step.
pub const LINE: &str = "node record.cjs";
/// The path at which registries answer what is known of packages.
pub const BULK: &str = "/-/npm/v1/security/advisories/bulk";
/// What the step yields, relative to its working directory.
pub const OUTPUT: &str = "cassette";

/// Why an audit could not rely on a cassette.
#[derive(Debug, thiserror::Error)]
pub enum CassetteError {
    /// The cassette cannot be read.
    #[error(transparent)]
    Mirror(#[from] MirrorError),
    /// The file that makes a folder a cassette is not there.
    #[error("the cassette has no `cassette.json`")]
    NoHead,
    /// A file has another shape.
    #[error("`{path}` in the cassette is not what it should be")]
    Shape {
        /// The file, relative to the cassette.
        path: String,
        /// What is wrong.
        #[source]
        source: CassetteJsonError,
    },
    /// A file's name is not that of its request.
    #[error("`{path}` in the cassette answers another request than its name says: expected {expected}")]
    Misnamed {
        /// The file, relative to the cassette.
        path: String,
        /// The name that follows from the request.
        expected: String,
    },
    /// No advisory request was recorded.
    #[error("the cassette is empty: it answers no advisory request")]
    Empty,
}

/// Reads the files of a cassette from its folder.
///
/// # Errors
/// [`CassetteError`].
pub fn read(path: &Path) -> Result<BTreeMap<String, Vec<u8>>, CassetteError> {
    Ok(mirror::read(path, &|path| path == "cassette.json" || path.starts_with("exchanges/"))?)
}

/// Makes the frozen tree's files from a cassette's, and reads its date and number of answers.
///
/// # Errors
/// [`CassetteError`] when it answers nothing or contradicts itself.
pub fn files(cassette: BTreeMap<String, Vec<u8>>) -> Result<(BTreeMap<String, Vec<u8>>, FrozenData), CassetteError> {
    let head = cassette.get("cassette.json").ok_or(CassetteError::NoHead)?;
    let shape = |path: &str| {
        let path = path.to_owned();
        move |source| CassetteError::Shape { path, source }
    };
    let date = cassette_json::recorded(head).map_err(shape("cassette.json"))?;
    let (mut entries, mut advisories) = (0, 0);
    for (path, bytes) in cassette.iter().filter(|(path, _)| *path != "cassette.json") {
        let exchange = cassette_json::exchange(bytes).map_err(shape(path))?;
        let expected = format!("exchanges/{}.json", exchange.request);
        if *path != expected {
            return Err(CassetteError::Misnamed { path: path.clone(), expected });
        }
        entries += 1;
        advisories += u64::from(exchange.bulk);
    }
    if advisories == 0 {
        return Err(CassetteError::Empty);
    }
    let mut files: BTreeMap<String, Vec<u8>> =
        cassette.into_iter().map(|(path, bytes)| (format!("cassette/{path}"), bytes)).collect();
    files.extend([CASSETTE, FRONT].map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec())));
    Ok((files, FrozenData { date, entries }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "exchanges/4ba0d210929f212bb3b752570092ba15e704fc531802a96fd2d850344a9d06f7.json";
    const BULK: &str = r#"{"method":"POST","path":"/-/npm/v1/security/advisories/bulk","type":"application/json",
        "status":200,"request":{"plain":["2.1.0"],"leftover":["1.2.0"]},"body":{}}"#;

    fn cassette(files: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
        let head = ("cassette.json", r#"{"version":1,"recorded":"2026-11-23T04:00:00Z"}"#);
        let all = std::iter::once(&head).chain(files);
        all.map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect()
    }

    #[test]
    fn a_cassette_becomes_a_tree_with_its_player() {
        let (tree, data) = files(cassette(&[(NAME, BULK)])).expect("a cassette");
        assert_eq!(data, FrozenData { date: "2026-11-23T04:00:00Z".into(), entries: 1 });
        let paths: Vec<&str> = tree.keys().map(String::as_str).collect();
        assert_eq!(paths, ["bin/npm", "cassette.cjs", "cassette/cassette.json", &format!("cassette/{NAME}")]);
    }

    #[test]
    fn cassettes_with_which_an_audit_would_pass_hollow_are_refused() {
        assert!(matches!(files(cassette(&[])), Err(CassetteError::Empty)));
        assert!(matches!(files(BTreeMap::new()), Err(CassetteError::NoHead)));
        let renamed = NAME.replace("4ba0", "4ba1");
        assert!(matches!(files(cassette(&[(&renamed, BULK)])), Err(CassetteError::Misnamed { .. })));
        let changed = BULK.replace("1.2.0", "1.1.0");
        assert!(matches!(files(cassette(&[(NAME, &changed)])), Err(CassetteError::Misnamed { .. })));
        assert!(matches!(files(cassette(&[(NAME, "{}")])), Err(CassetteError::Shape { .. })));
    }
}
