//! The bill of materials of an image of the release as SPDX 2.3 JSON, always the same bytes for the same image.

use super::bom_id::uuid_of;
use super::spdx_json::{
    DOCUMENT, IMAGE, PackageWire, RelationshipWire, document, package, package_key, purl, relation,
};
use rcrepro_model::content::digest::Sha256;
use rcrepro_model::image::bom::FoundBom;

/// Writes the document, indented and with a new line at its end. It is named by the image, and dated as the release.
#[must_use]
pub fn write(bom: &FoundBom) -> Vec<u8> {
    let identity = bom.manifest.unwrap_or(bom.tree).hash.to_oci();
    let mut packages = vec![image_wire(bom)];
    let mut relationships: Vec<RelationshipWire> = vec![relation(DOCUMENT, "DESCRIBES", IMAGE.to_owned())];
    for found in &bom.packages {
        let id = package_key(found.purl.name(), &format!("{} {}", found.purl, found.path));
        relationships.push(relation(IMAGE, "CONTAINS", id.clone()));
        packages.push(PackageWire {
            version_info: Some(found.purl.version().to_owned()),
            external_refs: vec![purl(found.purl.to_string())],
            comment: Some(format!("found in /{}", found.path)),
            ..package(id, found.purl.name().to_owned(), None)
        });
    }
    let name = format!("release image {} for {}", bom.image, bom.platform);
    document(
        name,
        &uuid_of(&identity, "spdx-2.3-found"),
        u64::try_from(bom.date_epoch).unwrap_or_default(),
        packages,
        relationships,
    )
}

fn image_wire(bom: &FoundBom) -> PackageWire {
    let manifest: Option<Sha256> = bom.manifest.map(|manifest| manifest.hash);
    let of = |what: &str| format!("{what}; the tree of its files is {}, the platform {}", bom.tree, bom.platform);
    PackageWire {
        version_info: manifest.map(Sha256::to_oci),
        primary_package_purpose: Some("CONTAINER"),
        external_refs: bom.image_purl().map(purl).into_iter().collect(),
        comment: Some(match manifest {
            Some(_) => of("checksum of the OCI image manifest"),
            None => of("built by an engine whose images have no digest that can be compared"),
        }),
        ..package(IMAGE.to_owned(), bom.image.to_string(), manifest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcrepro_model::content::digest::Digest;
    use rcrepro_model::evidence::inspection::FoundPackage;
    use rcrepro_model::image::definition::ImagePlatform;
    use rcrepro_model::image::purl::Purl;

    fn bom(manifest: Option<Digest>) -> FoundBom {
        let purls = [Purl::go("stdlib", "1.26.5"), Purl::npm("@s/a", "1.0.0")];
        let packages = purls.map(|purl| FoundPackage { purl, path: "app".to_owned() });
        FoundBom {
            image: "runtime".parse().expect("a name"),
            platform: ImagePlatform::LinuxAmd64,
            manifest,
            tree: Digest::of(b"tree"),
            date_epoch: 1_700_000_000,
            packages: packages.into(),
        }
    }

    #[test]
    fn a_bill_names_the_image_its_packages_and_where_each_was_found() {
        let manifest = Digest::of(b"manifest");
        let bytes = write(&bom(Some(manifest)));
        assert_eq!(bytes, write(&bom(Some(manifest))));
        let document: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
        assert_eq!(
            (&document["spdxVersion"], &document["creationInfo"]["created"]),
            (&"SPDX-2.3".into(), &"2023-11-14T22:13:20Z".into())
        );
        let packages = document["packages"].as_array().expect("packages");
        assert_eq!(packages[0]["versionInfo"], manifest.hash.to_oci());
        assert_eq!(packages[0]["checksums"][0]["checksumValue"], manifest.hash.to_string());
        let locators: Vec<_> = packages.iter().map(|one| &one["externalRefs"][0]["referenceLocator"]).collect();
        assert_eq!(locators[1..], ["pkg:golang/stdlib@1.26.5", "pkg:npm/%40s/a@1.0.0"]);
        assert!(packages.iter().skip(1).all(|one| one["comment"] == "found in /app" && one.get("checksums").is_none()));
        assert_eq!(document["relationships"].as_array().expect("relationships").len(), 3);
    }

    #[test]
    fn each_image_has_a_name_of_its_own() {
        let namespace = |bom: &FoundBom| {
            let document: serde_json::Value = serde_json::from_slice(&write(bom)).expect("JSON");
            document["documentNamespace"].to_string()
        };
        let all = [bom(None), bom(Some(Digest::of(b"1"))), bom(Some(Digest::of(b"2")))];
        let names: std::collections::BTreeSet<String> = all.iter().map(namespace).collect();
        assert_eq!(names.len(), all.len());
    }
}
