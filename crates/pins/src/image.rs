//! What a reference to an image says: whether it has a digest, and which toolchain its tag names.

use super::reference::{Mention, ReferencedTool, SourceKind};
use rcrepro_model::image::reference::ImageReference;

/// Returns what is mentioned by a text that is an image reference, variables resolved.
///
/// It is the image, and the version of Go or Node where the repository's name tells that the image is of one.
#[must_use]
pub fn mentions(place: (usize, usize), kind: SourceKind, text: &str) -> Vec<Mention> {
    let image = Mention::new(place, ReferencedTool::Image, kind, text);
    if text.contains('$') || text.contains("{{") || text.contains("<<") {
        return vec![image.unclear("it holds a variable that nothing here sets")];
    }
    let reference: ImageReference = match text.parse() {
        Ok(reference) => reference,
        Err(error) => return vec![image.unclear(error.to_string())],
    };
    let toolchain = toolchain(&reference).map(|(tool, version)| {
        let mention = Mention::new(place, tool, kind, version.unwrap_or_else(|| "latest".into()));
        match reference.tag() {
            None if reference.digest().is_some() => Mention { value: reference.repository().to_owned(), ..mention }
                .unclear("the image has a digest and no tag"),
            _ => mention,
        }
    });
    std::iter::once(image).chain(toolchain).collect()
}

/// Returns which toolchain an image is of, and which version its tag names; `alpine` and their like name none.
fn toolchain(image: &ImageReference) -> Option<(ReferencedTool, Option<String>)> {
    let name = image.repository().rsplit('/').next().unwrap_or_default();
    // Of the linter and of others that are written in Go: their tag is their own version.
    let words: Vec<&str> = name.split(['-', '_', '.']).collect();
    let tool = match name {
        "go" | "golang" | "go-toolset" | "golang-builder" | "golang-cross" | "goreleaser-cross" => ReferencedTool::Go,
        "node" | "nodejs" | "javascript-node" | "typescript-node" => ReferencedTool::Node,
        _ if name.strip_prefix("nodejs").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())) => {
            // distroless has the major version in the name
            let version = name["nodejs".len()..].split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
            return Some((ReferencedTool::Node, Some(version.to_owned())));
        }
        _ if words.first() == Some(&"golang") => ReferencedTool::Go,
        _ => return None,
    };
    let Some(tag) = image.tag() else { return Some((tool, None)) };
    // `node:9100` is a host with its port.
    let port = tag.parse::<u32>().is_ok_and(|number| number > MOST);
    if port && image.digest().is_none() {
        return None;
    }
    let versions: Vec<&str> = tag.split(['-', '_']).filter(|part| is_version(part)).collect();
    // The dev container images put a version of their own first: `1-1.26-bookworm`.
    let of_image = image.repository().contains("devcontainers/") && versions.len() > 1;
    let version = versions.get(usize::from(of_image)).map(|version| version.trim_start_matches('v').to_owned());
    let moving = || tag.split(['-', '_']).next().filter(|first| ["lts", "current", "stable"].contains(first));
    Some((tool, version.or_else(|| moving().map(str::to_owned))))
}

/// The highest major version that any toolchain may reach; a higher number is a port.
pub const MOST: u32 = 99;

fn is_version(part: &str) -> bool {
    let part = part.strip_prefix('v').unwrap_or(part);
    let numbers = part.find(|c: char| !c.is_ascii_digit() && c != '.').map_or(part, |end| &part[..end]);
    let rest = &part[numbers.len()..];
    let known = rest.is_empty() || rest.starts_with("rc") || rest.starts_with("beta");
    known && numbers.split('.').all(|number| !number.is_empty()) && numbers.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<(ReferencedTool, String)> {
        mentions((1, 1), SourceKind::Yaml, text).into_iter().map(|m| (m.tool, m.value)).collect()
    }

    #[test]
    fn the_tag_names_the_toolchain_where_the_image_is_one() {
        for (text, expected) in [
            ("golang:1.26.8-bookworm", Some((ReferencedTool::Go, "1.26.8"))),
            ("docker.io/library/golang:1.26rc1", Some((ReferencedTool::Go, "1.26rc1"))),
            ("golang:alpine", Some((ReferencedTool::Go, "latest"))),
            ("golang:alpine3.20", Some((ReferencedTool::Go, "latest"))),
            ("golang", Some((ReferencedTool::Go, "latest"))),
            ("quay.io/prometheus/golang-builder:1.26-base", Some((ReferencedTool::Go, "1.26"))),
            ("mcr.microsoft.com/devcontainers/go:1-1.26-bookworm", Some((ReferencedTool::Go, "1.26"))),
            ("cimg/go:1.26.8-node", Some((ReferencedTool::Go, "1.26.8"))),
            ("node:20.20.2-bookworm-slim", Some((ReferencedTool::Node, "20.20.2"))),
            ("node:lts-alpine", Some((ReferencedTool::Node, "lts"))),
            ("gcr.io/distroless/nodejs20-debian12", Some((ReferencedTool::Node, "20"))),
            ("golangci/golangci-lint:v1.60.1", None),
            ("prom/node-exporter:v1.8.0", None),
            ("alpine:3.20", None),
            ("node:9100", None),
            ("golang:8080", None),
        ] {
            let expected: Vec<_> =
                expected.into_iter().map(|(tool, version): (_, &str)| (tool, version.to_owned())).collect();
            assert_eq!(said(text)[1..], expected[..], "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        for text in ["golang:${GO_VERSION}", "{{ .Image }}", "<< parameters.image >>", "no image", "GOLANG:1"] {
            let mentions = mentions((1, 1), SourceKind::Yaml, text);
            assert!(mentions.len() == 1 && mentions[0].unclear.is_some(), "{text}");
        }
    }
}
