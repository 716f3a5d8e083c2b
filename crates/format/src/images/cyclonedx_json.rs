//! A bill of materials as CycloneDX 1.6 JSON, always the same bytes for the same lock.
//!
//! The image is the component that the document is about. Layers and packages are components; the image depends on its
//! layers and each layer on its packages, which is how CycloneDX says what comes with what. Our properties begin with `rcrepro:`.
//! Source: CycloneDX 1.6, `bom-1.6.schema.json`.

use std::collections::BTreeSet;

use serde::Serialize;

use super::bom_id::{TOOL, uuid};
use super::oci_json::rfc3339;
use rcrepro_model::content::digest::Sha256;
use rcrepro_model::image::bom::{Bom, BomLayer, BomPackage, Checksum};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DocumentWire {
    #[serde(rename = "$schema")]
    schema: &'static str,
    bom_format: &'static str,
    spec_version: &'static str,
    serial_number: String,
    version: u8,
    metadata: MetadataWire,
    components: Vec<ComponentWire>,
    dependencies: Vec<DependencyWire>,
}

#[derive(Serialize)]
struct MetadataWire {
    timestamp: String,
    tools: ToolsWire,
    component: ComponentWire,
}

#[derive(Serialize)]
struct ToolsWire {
    components: [ToolWire; 1],
}

#[derive(Serialize)]
struct ToolWire {
    #[serde(rename = "type")]
    kind: &'static str,
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct ComponentWire {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(rename = "bom-ref")]
    reference: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    hashes: Vec<HashWire>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purl: Option<String>,
    properties: Vec<PropertyWire>,
}

#[derive(Serialize)]
struct HashWire {
    alg: &'static str,
    content: String,
}

#[derive(Serialize)]
struct PropertyWire {
    name: &'static str,
    value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DependencyWire {
    #[serde(rename = "ref")]
    reference: String,
    depends_on: BTreeSet<String>,
}

/// Writes the document, indented and with a new line at its end.
#[must_use]
#[expect(clippy::expect_used, reason = "strings and lists are always JSON")]
pub fn write(bom: &Bom) -> Vec<u8> {
    let image = image_wire(bom);
    let layers = bom.layers.iter().map(layer_reference).collect();
    let mut dependencies = vec![DependencyWire { reference: image.reference.clone(), depends_on: layers }];
    let mut components: Vec<ComponentWire> = bom.layers.iter().map(layer_wire).collect();
    for layer in &bom.layers {
        let packages = layer.packages.iter().map(package_reference).collect();
        dependencies.push(DependencyWire { reference: layer_reference(layer), depends_on: packages });
        for package in &layer.packages {
            let reference = package_reference(package);
            // Two definitions may bring the same file; it is one component then, with both layers' names.
            match components.iter_mut().find(|known| known.reference == reference) {
                Some(known) => known.properties.push(in_layer(layer)),
                None => components.push(package_wire(package, layer)),
            }
        }
    }
    let document = DocumentWire {
        schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
        bom_format: "CycloneDX",
        spec_version: "1.6",
        serial_number: format!("urn:uuid:{}", uuid(bom, "cyclonedx-1.6")),
        version: 1,
        metadata: MetadataWire {
            timestamp: rfc3339(bom.image.source_date_epoch),
            tools: ToolsWire { components: [ToolWire { kind: "application", name: TOOL.0, version: TOOL.1 }] },
            component: image,
        },
        components,
        dependencies,
    };
    let mut bytes = serde_json::to_vec_pretty(&document).expect("strings and lists are JSON");
    bytes.push(b'\n');
    bytes
}

fn image_wire(bom: &Bom) -> ComponentWire {
    let image = &bom.image;
    let manifest = image.manifest_digest.hash;
    ComponentWire {
        kind: "container",
        reference: format!("image:{}", manifest.to_oci()),
        name: image.name.to_string(),
        version: Some(manifest.to_oci()),
        hashes: vec![sha256(manifest)],
        purl: Some(bom.image_purl()),
        properties: vec![
            PropertyWire { name: "rcrepro:image:config", value: image.config_digest.hash.to_oci() },
            PropertyWire { name: "rcrepro:image:platform", value: image.platform.to_string() },
        ],
    }
}

fn layer_wire(layer: &BomLayer) -> ComponentWire {
    let mut properties = vec![PropertyWire { name: "rcrepro:layer:size", value: layer.layer.digest.size.to_string() }];
    if let Some(program) = &layer.program {
        properties.push(PropertyWire { name: "rcrepro:program:action", value: program.action.to_string() });
        properties.push(PropertyWire { name: "rcrepro:program:output", value: program.output.to_string() });
    }
    ComponentWire {
        kind: "file",
        reference: layer_reference(layer),
        name: format!("layer {}", layer.layer.name),
        version: None,
        hashes: vec![sha256(layer.layer.digest.hash)],
        purl: None,
        properties,
    }
}

fn package_wire(package: &BomPackage, layer: &BomLayer) -> ComponentWire {
    let mut wire = ComponentWire {
        kind: "library",
        reference: package_reference(package),
        name: package.name().to_owned(),
        version: Some(package.purl.version().to_owned()),
        hashes: vec![sha256(package.file.hash)],
        purl: Some(package.purl()),
        properties: vec![in_layer(layer)],
    };
    match &package.checksum {
        None => {}
        Some(Checksum::Sha512(hex)) => wire.hashes.push(HashWire { alg: "SHA-512", content: hex.clone() }),
        Some(Checksum::GoH1(h1)) => {
            wire.properties.push(PropertyWire { name: "rcrepro:go:h1", value: h1.clone() });
        }
    }
    wire
}

fn sha256(hash: Sha256) -> HashWire {
    HashWire { alg: "SHA-256", content: hash.to_string() }
}

fn in_layer(layer: &BomLayer) -> PropertyWire {
    PropertyWire { name: "rcrepro:layer", value: layer.layer.name.to_string() }
}

fn layer_reference(layer: &BomLayer) -> String {
    format!("layer:{}", layer.layer.digest.hash.to_oci())
}

/// Names a package by its purl and its file: one version may have been published with two contents.
fn package_reference(package: &BomPackage) -> String {
    format!("{}#{}", package.purl(), package.file.hash)
}
