//! A bill of materials as SPDX 2.3 JSON, always the same bytes for the same lock.
//!
//! The document describes the image; the image contains its layers and its packages, each layer contains its packages. What the
//! lock does not say (licences, suppliers, download places) is not asserted. Source: SPDX 2.3, its JSON schema.

use serde::Serialize;

use super::bom_id::{TOOL, uuid};
use super::oci_json::rfc3339;
use rcrepro_model::content::digest::Sha256;
use rcrepro_model::image::bom::{Bom, BomLayer, BomPackage, Checksum};

pub(super) const DOCUMENT: &str = "SPDXRef-DOCUMENT";
pub(super) const IMAGE: &str = "SPDXRef-Image";
const UNKNOWN: &str = "NOASSERTION";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DocumentWire {
    spdx_version: &'static str,
    data_license: &'static str,
    #[serde(rename = "SPDXID")]
    id: &'static str,
    name: String,
    document_namespace: String,
    creation_info: CreationWire,
    packages: Vec<PackageWire>,
    relationships: Vec<RelationshipWire>,
}

#[derive(Serialize)]
struct CreationWire {
    created: String,
    creators: [String; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PackageWire {
    #[serde(rename = "SPDXID")]
    pub id: String,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_info: Option<String>,
    pub download_location: &'static str,
    pub files_analyzed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub primary_package_purpose: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub checksums: Vec<ChecksumWire>,
    pub license_concluded: &'static str,
    pub license_declared: &'static str,
    pub copyright_text: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub external_refs: Vec<ReferenceWire>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChecksumWire {
    algorithm: &'static str,
    checksum_value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReferenceWire {
    reference_category: &'static str,
    reference_type: &'static str,
    reference_locator: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RelationshipWire {
    spdx_element_id: String,
    relationship_type: &'static str,
    related_spdx_element: String,
}

/// Writes the document, indented and with a new line at its end.
#[must_use]
pub fn write(bom: &Bom) -> Vec<u8> {
    let image = &bom.image;
    let mut packages = vec![image_wire(bom)];
    packages.extend(bom.layers.iter().map(layer_wire));
    let mut relationships = vec![relation(DOCUMENT, "DESCRIBES", IMAGE.to_owned())];
    for layer in &bom.layers {
        relationships.push(relation(IMAGE, "CONTAINS", layer_id(layer)));
        for package in &layer.packages {
            relationships.push(relation(IMAGE, "CONTAINS", package_id(package)));
            relationships.push(relation(&layer_id(layer), "CONTAINS", package_id(package)));
            // Two definitions may bring the same file; it is one package then, contained in two layers.
            if packages.iter().all(|known| known.id != package_id(package)) {
                packages.push(package_wire(package));
            }
        }
    }
    let name = format!("image {} for {}", image.name, image.platform);
    document(name, &uuid(bom, "spdx-2.3"), image.source_date_epoch, packages, relationships)
}

/// Writes a document, indented and with a new line at its end.
#[expect(clippy::expect_used, reason = "strings and lists are always JSON")]
pub(super) fn document(
    name: String,
    uuid: &str,
    date_epoch: u64,
    packages: Vec<PackageWire>,
    relationships: Vec<RelationshipWire>,
) -> Vec<u8> {
    let document = DocumentWire {
        spdx_version: "SPDX-2.3",
        data_license: "CC0-1.0",
        id: DOCUMENT,
        name,
        document_namespace: format!("urn:uuid:{uuid}"),
        creation_info: CreationWire {
            created: rfc3339(date_epoch),
            creators: [format!("Tool: {}-{}", TOOL.0, TOOL.1)],
        },
        packages,
        relationships,
    };
    let mut bytes = serde_json::to_vec_pretty(&document).expect("strings and lists are JSON");
    bytes.push(b'\n');
    bytes
}

fn image_wire(bom: &Bom) -> PackageWire {
    let image = &bom.image;
    PackageWire {
        version_info: Some(image.manifest_digest.hash.to_oci()),
        primary_package_purpose: Some("CONTAINER"),
        external_refs: vec![purl(bom.image_purl())],
        comment: Some(format!(
            "checksum of the OCI image manifest; the image config is {}, the platform {}",
            image.config_digest.hash.to_oci(),
            image.platform
        )),
        ..package(IMAGE.to_owned(), image.name.to_string(), Some(image.manifest_digest.hash))
    }
}

fn layer_wire(layer: &BomLayer) -> PackageWire {
    let mut comment = format!("uncompressed tar of {} bytes; the checksum is the DiffId", layer.layer.digest.size);
    if let Some(program) = &layer.program {
        comment = format!("{comment}; its program is the output {} of the action {}", program.output, program.action);
    }
    PackageWire {
        primary_package_purpose: Some("ARCHIVE"),
        comment: Some(comment),
        ..package(layer_id(layer), format!("layer {}", layer.layer.name), Some(layer.layer.digest.hash))
    }
}

fn package_wire(pin: &BomPackage) -> PackageWire {
    let mut wire = package(package_id(pin), pin.name().to_owned(), Some(pin.file.hash));
    wire.version_info = Some(pin.purl.version().to_owned());
    wire.external_refs = vec![purl(pin.purl())];
    match &pin.checksum {
        None => {}
        Some(Checksum::Sha512(hex)) => {
            wire.checksums.push(ChecksumWire { algorithm: "SHA512", checksum_value: hex.clone() });
        }
        // SPDX knows no such algorithm; the SHA-256 above is the zip's.
        Some(Checksum::GoH1(h1)) => wire.comment = Some(format!("go.sum {h1}")),
    }
    wire
}

pub(super) fn package(id: String, name: String, sha256: Option<Sha256>) -> PackageWire {
    PackageWire {
        id,
        name,
        version_info: None,
        download_location: UNKNOWN,
        files_analyzed: false,
        primary_package_purpose: None,
        checksums: sha256
            .map(|sha256| ChecksumWire { algorithm: "SHA256", checksum_value: sha256.to_string() })
            .into_iter()
            .collect(),
        license_concluded: UNKNOWN,
        license_declared: UNKNOWN,
        copyright_text: UNKNOWN,
        external_refs: Vec::new(),
        comment: None,
    }
}

pub(super) fn purl(locator: String) -> ReferenceWire {
    ReferenceWire { reference_category: "PACKAGE-MANAGER", reference_type: "purl", reference_locator: locator }
}

pub(super) fn relation(element: &str, kind: &'static str, related: String) -> RelationshipWire {
    RelationshipWire { spdx_element_id: element.to_owned(), relationship_type: kind, related_spdx_element: related }
}

fn layer_id(layer: &BomLayer) -> String {
    format!("SPDXRef-Layer-{}", layer.layer.name)
}

fn package_id(package: &BomPackage) -> String {
    package_key(package.name(), &format!("{} {}", package.purl, package.file))
}

/// Makes an id of letters, digits, `.` and `-`; the hash of the key tells apart what these letters cannot.
pub(super) fn package_key(name: &str, key: &str) -> String {
    let readable = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
    let name: String = name.chars().map(readable).collect();
    let key = Sha256::of(key.as_bytes()).to_string();
    format!("SPDXRef-Package-{}-{}", name.trim_matches('-'), &key[..12])
}
