use super::*;
use crate::content::digest::Sha256;
use crate::execution::action::{ActionPlatform, Command};
use crate::execution::derive::{self, command_environment};
use crate::execution::world::{ClockMode, WallClock, WorldSettings};

fn plain(own: &BTreeMap<String, String>) -> Plain<'_> {
    let deps = [("gomod".parse().expect("a name"), Digest::of(b"deps"))];
    let messages = derive::input_root(Digest::of(b"work"), deps);
    let root = messages.last().expect("the root");
    let mut environment = command_environment(1_700_000_000);
    environment.extend(own.clone());
    let platform = ActionPlatform { image_name: "i".into(), image_manifest: Sha256::of(b"i"), isa: "x86-64".into() };
    Plain {
        action: Action {
            command: Command {
                arguments: vec!["true".into()],
                environment,
                output_paths: BTreeSet::new(),
                working_directory: derive::work_path(),
                platform,
            },
            input_root: Digest::of(root),
            timeout: None,
        },
        root: Directory::decode(root).expect("a directory"),
        epoch: 1_700_000_000,
        world: World::fixed(1_700_000_000, &WorldSettings::default(), ClockMode::Stands),
        own,
    }
}

fn alone(setting: Setting) -> Setup {
    Setup::from([(setting.variation(), setting)])
}

#[test]
fn nothing_changes_nothing_and_every_setting_changes_something() {
    let none = BTreeMap::new();
    let plain = plain(&none);
    let same = plain.vary(&Setup::new());
    assert_eq!((same.action.digest(), &same.world, same.messages.len()), (plain.action.digest(), &plain.world, 0));
    // A clock may be of the mode that the baseline has.
    let own = Setting::Clock(ClockChange::Mode(plain.world.clock()));
    assert!(!plain.differs(&own));
    for setting in Variation::ALL.iter().flat_map(|variation| variation.settings(7)).filter(|setting| *setting != own) {
        assert!(plain.differs(&setting), "{setting}");
        let varied = plain.vary(&alone(setting));
        assert!(varied.world != plain.world || varied.action != plain.action, "{setting}");
    }
}

#[test]
fn what_an_engine_leaves_out_is_named() {
    let asked = World { load: 2, ..World::fixed(1_700_000_000, &WorldSettings::default(), ClockMode::Stands) };
    assert_eq!(left_out(&asked, &asked), BTreeSet::new());
    let expected = [Variation::Cpus, Variation::Order, Variation::Clock, Variation::Seed, Variation::Load];
    assert_eq!(left_out(&asked, &World::real()), BTreeSet::from(expected));
}

#[test]
fn a_moved_source_is_the_same_source_elsewhere() {
    let none = BTreeMap::new();
    let plain = plain(&none);
    let varied = plain.vary(&alone(Setting::Path("build/elsewhere")));
    let command = &varied.action.command;
    assert_eq!(command.working_directory.as_str(), "build/elsewhere/work");
    assert_eq!(command.environment["HOME"], "/build/elsewhere/home");
    let directories: BTreeMap<Digest, Directory> = varied
        .messages
        .iter()
        .map(|bytes| (Digest::of(bytes), Directory::decode(bytes).expect("a directory")))
        .collect();
    let below = |digest: Digest, at: &str| match directories[&digest].entries.get(&name(at)) {
        Some(TreeNode::Directory { digest }) => *digest,
        other => panic!("{at}: {other:?}"),
    };
    let root = varied.action.input_root;
    let elsewhere = below(below(root, "build"), "elsewhere");
    assert_eq!(below(elsewhere, "work"), Digest::of(b"work"));
    assert_eq!(below(elsewhere, "home"), Digest::of(b""));
    assert_eq!(directories[&root].entries.get(&name("deps")), plain.root.entries.get(&name("deps")));
    assert!(!directories[&root].entries.contains_key(&name("work")));
}

#[test]
fn what_the_plan_sets_itself_stays() {
    let own = [("TZ", "Europe/Vienna"), ("HOME", "/work/home"), ("LC_ALL", "C.UTF-8")];
    let own = own.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let plain = plain(&own);
    for setting in [Setting::TimeZone("Pacific/Apia"), Setting::Locale(Locale::C)] {
        assert!(!plain.differs(&setting), "{setting}");
        assert_eq!(plain.vary(&alone(setting)).action.command.environment["TZ"], "Europe/Vienna");
    }
    let moved = plain.vary(&alone(Setting::Path("build/elsewhere")));
    assert_eq!(moved.action.command.environment["HOME"], "/work/home");
}

#[test]
fn a_clock_that_the_plan_leaves_real_cannot_be_moved() {
    let none = BTreeMap::new();
    let real = Plain { world: World::real(), ..plain(&none) };
    let own = Setting::Clock(ClockChange::Mode(ClockMode::Real));
    assert!(!real.differs(&Setting::Clock(ClockChange::Moved(1))) && !real.differs(&own));
    let pinned = plain(&none);
    let later = pinned.vary(&alone(Setting::Clock(ClockChange::Moved(5)))).world;
    assert_eq!(later.wall, WallClock::Stands(1_700_000_005));
    let world = pinned.vary(&alone(own)).world;
    assert_eq!((world.wall, world.quantised.len()), (WallClock::Real, 0));
    let flowing = Setting::Clock(ClockChange::Mode(ClockMode::Starts));
    assert!(pinned.differs(&flowing) && !pinned.differs(&Setting::Clock(ClockChange::Mode(ClockMode::Stands))));
    let world = pinned.vary(&alone(flowing)).world;
    assert_eq!((world.wall, world.quantised.len()), (WallClock::Starts(1_700_000_000), 2));
}
