//! Two builds of a release image against each other: each difference with the layer that holds it and the line of the Dockerfile that
//! made that.

use std::collections::BTreeMap;

use super::layers::{DockerfileText, ImageLayers};
use super::tree::{FileLook, place};
use rcrepro_explain::Hints;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::release_record::Parts;
use rcrepro_model::why::MissingBlob;
use rcrepro_model::why::difference::Explained;
use rcrepro_model::why::image::{ComparedBuilds, ExplainedImage, LayerOrigin, MadeLayer, StepLine};
use rcrepro_store::BlobStore;
use rcrepro_store::export::ExportError;

/// The keys of an image's settings, each with the instruction that sets it.
const SETTINGS: [(&str, &str); 10] = [
    ("cmd", "CMD"),
    ("entrypoint", "ENTRYPOINT"),
    ("env", "ENV"),
    ("healthcheck", "HEALTHCHECK"),
    ("labels", "LABEL"),
    ("ports", "EXPOSE"),
    ("stop_signal", "STOPSIGNAL"),
    ("user", "USER"),
    ("volumes", "VOLUME"),
    ("working_dir", "WORKDIR"),
];
/// How many entries of one image are explained.
const MOST: usize = 200;

/// The differences of each layer; none is what no layer is known of.
type ByLayer = BTreeMap<Option<MadeLayer>, Vec<Explained>>;

/// Which builds are explained.
#[derive(Clone, Copy)]
pub(crate) struct BuildPair<'a> {
    pub image: &'a Name,
    /// The platform, where it is another one than the machine's.
    pub platform: Option<&'a str>,
    pub builds: ComparedBuilds,
    pub dockerfile: DockerfileText<'a>,
}

/// Explains in what two builds differ, by layer; nothing for equal ones.
///
/// # Errors
/// [`ExportError`] when a blob is damaged; one that is missing is noted.
pub(crate) fn explain(
    pair: BuildPair<'_>,
    [one, other]: [Parts; 2],
    store: &dyn BlobStore,
    missing: &mut Vec<MissingBlob>,
) -> Result<Vec<ExplainedImage>, ExportError> {
    if one == other {
        return Ok(Vec::new());
    }
    let layers = [one, other].map(|parts| ImageLayers::read(parts, pair.dockerfile, store));
    let places = Places::of(&layers, pair.dockerfile, store);
    let of = format!("release image {}", pair.image);
    let mut look = FileLook { store, missing, of: &of };
    let mut found = ByLayer::new();
    for difference in look.differing("/", one.tree, other.tree)?.into_iter().take(MOST) {
        let at = place("", &difference.path);
        let made = places.made(difference.path.as_str());
        let line = made.as_ref().map(|made| lines(made, &at)).unwrap_or_default();
        let differences = look.entry((&at, &at), &difference, &Hints::of(&line))?;
        found.entry(made).or_default().extend(differences);
    }
    for (path, sides) in look.keys("modes and owners", one.owners, other.owners)? {
        let cause = "another mode, owner or extended attribute, or on one side only";
        let [l, r] = &sides;
        found.entry(places.made(&path)).or_default().push(Explained::real(&format!("/{path}"), [l, r], cause));
    }
    for (key, sides) in look.keys("settings", one.config, other.config)? {
        found.entry(None).or_default().push(setting(&key, &sides, layers[1].as_ref(), pair.dockerfile));
    }
    if found.is_empty() {
        found.extend(places.whole_layers(&mut look)?);
    }
    let of_layer = |(made, differences)| ExplainedImage {
        image: pair.image.clone(),
        platform: pair.platform.map(str::to_owned),
        builds: pair.builds,
        made,
        differences,
    };
    Ok(found.into_iter().filter(|(_, differences)| !differences.is_empty()).map(of_layer).collect())
}

/// Explains a setting that differs, by the instruction that sets it.
fn setting(key: &str, sides: &[String; 2], layers: Option<&ImageLayers>, dockerfile: DockerfileText<'_>) -> Explained {
    let instruction = SETTINGS.iter().find(|(name, _)| *name == key).map(|(_, instruction)| *instruction);
    let origin = layers.zip(instruction).and_then(|(layers, instruction)| layers.setting(instruction));
    let cause = match origin {
        Some(LayerOrigin { step, .. }) => format!("set by {}:{} `{}`", dockerfile.path, step.line, step.text),
        None => "another setting".to_owned(),
    };
    Explained::real(&format!("config.{key}"), [&sides[0], &sides[1]], cause)
}

/// Gives the steps that may have written a file, as one text: those that name it, or else all of them.
fn lines(made: &MadeLayer, at: &str) -> String {
    let Some(origin) = &made.origin else { return String::new() };
    let name = at.rsplit('/').next().unwrap_or_default();
    let steps: Vec<&StepLine> = [&origin.step].into_iter().chain(&origin.steps).collect();
    let naming: Vec<&StepLine> = steps.iter().copied().filter(|step| step.text.contains(name)).collect();
    let steps = if naming.is_empty() { steps } else { naming };
    steps.iter().map(|step| step.text.trim_start_matches("RUN ")).collect::<Vec<_>>().join("; ")
}

/// Where the paths of the layers that differ come from.
struct Places<'a> {
    layers: &'a [Option<ImageLayers>; 2],
    dockerfile: DockerfileText<'a>,
    differing: Vec<usize>,
    paths: BTreeMap<String, usize>,
}

impl<'a> Places<'a> {
    fn of(layers: &'a [Option<ImageLayers>; 2], dockerfile: DockerfileText<'a>, store: &dyn BlobStore) -> Self {
        let mut places = Self { layers, dockerfile, differing: Vec::new(), paths: BTreeMap::new() };
        if let [Some(one), Some(other)] = layers {
            places.differing = one.differing(other);
            one.note(&places.differing, &mut places.paths, store);
            other.note(&places.differing, &mut places.paths, store);
        }
        places
    }

    /// Finds the layer of a path: where none names it, that of the folder that was taken away or replaced.
    fn made(&self, path: &str) -> Option<MadeLayer> {
        let mut at = path;
        loop {
            if let Some(layer) = self.paths.get(at) {
                return self.layer(*layer);
            }
            at = at.rsplit_once('/')?.0;
        }
    }

    fn layer(&self, layer: usize) -> Option<MadeLayer> {
        let longer = self.layers.iter().flatten().max_by_key(|image| image.layers.len())?;
        Some(longer.made(layer, self.dockerfile))
    }

    /// Explains layers that differ although their files, modes and owners are the same.
    fn whole_layers(&self, look: &mut FileLook<'_>) -> Result<ByLayer, ExportError> {
        let [Some(one), Some(other)] = self.layers else { return Ok(ByLayer::new()) };
        let mut found = ByLayer::new();
        for layer in &self.differing {
            let made = self.layer(*layer);
            let line = made.as_ref().map(|made| lines(made, "")).unwrap_or_default();
            let differences = match (one.layers.get(*layer), other.layers.get(*layer)) {
                (Some(l), Some(r)) => look.file(("layer.tar", "layer"), (*l, false), (*r, false), &Hints::of(&line))?,
                (l, r) => {
                    let is = |layer: Option<&Digest>| layer.map_or("", |_| "a layer");
                    vec![Explained::real("layer.tar", [is(l), is(r)], "on one side only")]
                }
            };
            found.entry(made).or_default().extend(differences);
        }
        Ok(found)
    }
}

impl FileLook<'_> {
    /// Lists the keys in which two flat documents differ, with both values.
    fn keys(&mut self, what: &str, l: Digest, r: Digest) -> Result<Vec<(String, [String; 2])>, ExportError> {
        if l == r {
            return Ok(Vec::new());
        }
        let Some([left, right]) = self.both(what, l, r)? else { return Ok(Vec::new()) };
        let read =
            |bytes: &[u8]| -> BTreeMap<String, serde_json::Value> { serde_json::from_slice(bytes).unwrap_or_default() };
        let text = |value: Option<&serde_json::Value>| match value {
            None => String::new(),
            Some(serde_json::Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        let (left, right) = (read(&left), read(&right));
        let keys: std::collections::BTreeSet<&String> = left.keys().chain(right.keys()).collect();
        let differing = keys.into_iter().filter(|key| left.get(*key) != right.get(*key)).take(MOST);
        Ok(differing.map(|key| (key.clone(), [text(left.get(key)), text(right.get(key))])).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcrepro_archive::tar::writer::{MemberAttributes, TarFormat, TarWriter};
    use rcrepro_format::images::oci_json;
    use rcrepro_model::content::tree::{TreeBuilder, TreeNode};
    use rcrepro_store::memory::MemoryStore;

    const DOCKERFILE: &str =
        "FROM x AS site\nRUN draw > id\nFROM x\nENV A=1\nCOPY --from=site /id /id\nRUN chown /own\n";

    /// What of an image may vary: the content of a file, an owner, the environment, the time of the topmost layer.
    #[derive(Clone, Copy)]
    struct Made<'a> {
        id: &'a str,
        owner: &'a str,
        env: &'a str,
        time: u64,
    }

    const ONE: Made<'_> = Made { id: "1\n", owner: "0", env: "1", time: 0 };

    fn layer(store: &MemoryStore, path: &str, content: &[u8], mtime: u64) -> Digest {
        let mut tar = TarWriter::new(Vec::new(), TarFormat::Gnu);
        let attributes = MemberAttributes { mode: 0o644, uid: 0, gid: 0, mtime };
        tar.file(path, attributes, content.len() as u64, &mut &*content).expect("written");
        store.put(&tar.finish().expect("ended")).expect("stored")
    }

    /// Makes an image of a base without a history, a copied file and a file with an owner.
    fn made(store: &MemoryStore, made: Made<'_>) -> Parts {
        let base = layer(store, "base", b"", 0);
        let layers =
            [base, layer(store, "id", made.id.as_bytes(), 0), layer(store, "own", made.owner.as_bytes(), made.time)];
        let config = format!(
            r#"{{"history":[{{"created_by":"ENV A=1","comment":"buildkit.dockerfile.v0","empty_layer":true}},
            {{"created_by":"COPY /id /id # buildkit","comment":"buildkit.dockerfile.v0"}},
            {{"created_by":"RUN /bin/sh -c chown /own # buildkit","comment":"buildkit.dockerfile.v0"}},
            {{"created_by":"mount / from exec","comment":"{}"}}],"env":"{}"}}"#,
            "buildkit.exporter.image.v0", made.env
        );
        let image_config = store.put(config.as_bytes()).expect("stored");
        let mut tree = TreeBuilder::default();
        for (path, content) in [("id", made.id), ("own", "")] {
            let digest = store.put(content.as_bytes()).expect("stored");
            tree.insert(&path.parse().expect("a path"), TreeNode::File { digest, executable: false }).expect("new");
        }
        let stored = |text: String| store.put(text.as_bytes()).expect("stored");
        Parts {
            tree: tree.finish(&mut |_, bytes| store.put(&bytes).map(drop)).expect("stored"),
            config: stored(format!(r#"{{"env":["A={}"]}}"#, made.env)),
            owners: stored(format!(r#"{{"id":"0644 0:0","own":"0644 {}:0"}}"#, made.owner)),
            manifest: Some(stored(String::from_utf8(oci_json::manifest(image_config, &layers)).expect("text"))),
            image_config: Some(image_config),
        }
    }

    fn explained(other: Made<'_>, text: Option<&str>) -> Vec<String> {
        let store = MemoryStore::default();
        let image = "app".parse().expect("a name");
        let dockerfile = DockerfileText { path: "Dockerfile", text, target: "" };
        let pair = BuildPair { image: &image, platform: None, builds: ComparedBuilds::BothSides, dockerfile };
        let parts = [made(&store, ONE), made(&store, other)];
        let found = explain(pair, parts, &store, &mut Vec::new()).expect("explained");
        let places = |image: &ExplainedImage| image.differences.iter().map(|one| one.at.clone()).collect::<Vec<_>>();
        found.iter().map(|image| format!("{image}: {}", places(image).join(" "))).collect()
    }

    #[test]
    fn a_difference_is_that_of_its_layer_and_the_line_that_made_it() {
        let copied = "release image app, layer 2 of 3, Dockerfile:5 `COPY --from=site /id /id`, which takes it from stage `site`: \
                      Dockerfile:2 `RUN draw > id`: /id:1";
        assert_eq!(explained(Made { id: "2\n", ..ONE }, Some(DOCKERFILE)), [copied]);
        assert_eq!(explained(Made { id: "2\n", ..ONE }, None), ["release image app, layer 2 of 3: /id:1"]);
        let owned = explained(Made { owner: "7", ..ONE }, Some(DOCKERFILE));
        assert_eq!(owned, ["release image app, layer 3 of 3, Dockerfile:6 `RUN chown /own`: /own"]);
        // Only the time of a member differs, which no record counts but the manifest's digest.
        let [timed] = &explained(Made { time: 60, ..ONE }, Some(DOCKERFILE))[..] else { panic!("one layer") };
        assert!(
            timed.starts_with("release image app, layer 3 of 3, Dockerfile:6 ") && timed.contains("own"),
            "{timed}"
        );
        assert_eq!(explained(Made { env: "2", ..ONE }, Some(DOCKERFILE)), ["release image app: config.env"]);
        assert_eq!(explained(ONE, Some(DOCKERFILE)), Vec::<String>::new());
    }
}
