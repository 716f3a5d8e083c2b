//! What the template's plan names: the definitions of its images with Debian's keys, and the documents with written sections.

macro_rules! image {
    ($path:literal) => {
        (concat!("images/", $path), include_str!(concat!("../../../images/", $path)))
    };
}

/// Lists the files beside the plan, by their paths from its folder.
pub const FILES: [(&str, &str); 10] = [
    image!("base.toml"),
    image!("go.toml"),
    image!("node.toml"),
    image!("go-node.toml"),
    image!("gitleaks.toml"),
    image!("govulncheck.toml"),
    image!("keys/4D64FEC119C2029067D6E791F8D2585B8783D481.asc"),
    image!("keys/B8B80B5B623EAB6AD8775C45B7C5D7D6350947F8.asc"),
    ("docs/architecture/release-confidence-hardening-progress-2026-02.md", include_str!("progress.md")),
    ("docs/architecture/release-final-certification-progress-2026-02.md", include_str!("certification.md")),
];
