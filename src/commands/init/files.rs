//! What the template's plan names: the definitions of its images with Debian's keys, and the documents with written sections.

macro_rules! image {
    ($path:literal) => {
        (concat!("images/", $path), include_str!(concat!("../../../images/", $path)))
    };
}

/// Lists the files beside the plan, by their paths from its folder.
pub const FILES: [(&str, &str); 11] = [
    ("manifests/.gitattributes", ATTRIBUTES),
    ("lockfiles/.gitattributes", ATTRIBUTES),
    image!("base.toml"),
    image!("go.toml"),
    image!("node.toml"),
    image!("go-node.toml"),
    image!("buildkit.toml"),
    image!("gitleaks.toml"),
    image!("govulncheck.toml"),
    image!("keys/4D64FEC119C2029067D6E791F8D2585B8783D481.asc"),
    image!("keys/B8B80B5B623EAB6AD8775C45B7C5D7D6350947F8.asc"),
];

/// The documents of the release confidence plan.
pub const DOCUMENTS: [(&str, &str); 2] = [
    ("docs/architecture/release-confidence-hardening-progress-2026-02.md", include_str!("progress.md")),
    ("docs/architecture/release-final-certification-progress-2026-02.md", include_str!("certification.md")),
];

/// What keeps git from changing records and locks; see [`rcrepro_app::workspace::attributes`].
const ATTRIBUTES: &str = "* -text -filter -ident !working-tree-encoding -export-subst -export-ignore\n";

#[cfg(test)]
mod tests {
    #[test]
    fn the_attributes_are_those_that_a_run_would_write() {
        assert_eq!(super::ATTRIBUTES.trim_end(), rcrepro_app::workspace::attributes::LINE);
    }
}
