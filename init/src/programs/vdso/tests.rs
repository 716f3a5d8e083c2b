use super::*;

/// What a kernel's vDSO looks like: where its tables are, and name, beginning and size of its functions.
#[derive(Clone, Copy)]
struct Facts<'a> {
    symbols: usize,
    names: usize,
    dynamic: usize,
    functions: &'a [(&'a str, usize, usize)],
}

/// Read from Debian's arm64 kernels (`linux-image-*-cloud-arm64`) with readelf, in the order of the symbol tables.
const KERNELS: [Facts<'static>; 4] = [
    // 5.10.0-32
    Facts {
        symbols: 0x150,
        names: 0x1e0,
        dynamic: 0x850,
        functions: &[
            ("__kernel_clock_getres", 0x764, 120),
            ("__kernel_rt_sigreturn", 0x7e0, 8),
            ("__kernel_gettimeofday", 0x5b0, 436),
            ("__kernel_clock_gettime", 0x310, 668),
        ],
    },
    // 6.1.0-50
    Facts {
        symbols: 0x118,
        names: 0x1a8,
        dynamic: 0x7f8,
        functions: &[
            ("__kernel_clock_getres", 0x720, 120),
            ("__kernel_rt_sigreturn", 0x7bc, 8),
            ("__kernel_gettimeofday", 0x570, 428),
            ("__kernel_clock_gettime", 0x2d0, 664),
        ],
    },
    // 6.12.107+deb13
    Facts {
        symbols: 0x128,
        names: 0x1d0,
        dynamic: 0xd20,
        functions: &[
            ("__kernel_clock_getres", 0x770, 108),
            ("__kernel_rt_sigreturn", 0x808, 8),
            ("__kernel_getrandom", 0x820, 912),
            ("__kernel_gettimeofday", 0x5c0, 428),
            ("__kernel_clock_gettime", 0x320, 668),
        ],
    },
    // 7.2.13+deb14
    Facts {
        symbols: 0x128,
        names: 0x1d0,
        dynamic: 0xd00,
        functions: &[
            ("__kernel_clock_getres", 0x780, 120),
            ("__kernel_rt_sigreturn", 0x820, 8),
            ("__kernel_getrandom", 0x840, 848),
            ("__kernel_gettimeofday", 0x5d0, 432),
            ("__kernel_clock_gettime", 0x320, 684),
        ],
    },
];

const ENTRIES: StubEntries = StubEntries { clock_gettime: 0x98, gettimeofday: 0x210, time: None };
/// The size of `stub/aarch64.s`, which the ignored test below compares.
const STUB: usize = 0x28c;

/// Builds an image of that form, whose functions consist of `udf 0`: a program that comes there dies.
fn image(facts: &Facts<'_>) -> Vec<u8> {
    let mut image = vec![0; 4096];
    let mut put = |at: usize, bytes: &[u8]| image[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, b"\x7fELF\x02\x01\x01");
    put(32, &64u64.to_le_bytes());
    put(54, &[56, 0, 2, 0]);
    put(64, &PT_LOAD.to_le_bytes());
    put(120, &PT_DYNAMIC.to_le_bytes());
    put(120 + 8, &(facts.dynamic as u64).to_le_bytes());
    put(120 + 40, &32u64.to_le_bytes());
    for (index, (tag, at)) in [(DT_STRTAB, facts.names), (DT_SYMTAB, facts.symbols)].into_iter().enumerate() {
        put(facts.dynamic + 16 * index, &[tag.to_le_bytes(), (at as u64).to_le_bytes()].concat());
    }
    let mut name = 1;
    for (index, (text, value, size)) in facts.functions.iter().enumerate() {
        let entry = facts.symbols + SYMBOL * (index + 1);
        put(entry, &u32::try_from(name).expect("small").to_le_bytes());
        put(entry + 8, &[(*value as u64).to_le_bytes(), (*size as u64).to_le_bytes()].concat());
        put(facts.names + name, text.as_bytes());
        name += text.len() + 1;
    }
    image
}

fn instruction(image: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(image[at..at + 4].try_into().expect("four bytes"))
}

fn patched(image: &[u8], patch: &Patch) -> Vec<u8> {
    let mut patched = image.to_vec();
    patched[patch.at..patch.at + patch.bytes.len()].copy_from_slice(&patch.bytes);
    patched
}

#[test]
fn branches_lead_to_the_stub_in_every_kernel_seen() {
    for facts in &KERNELS {
        let (before, stub) = (image(facts), vec![0xee; STUB]);
        let layout = Layout::read(&before).expect("an image");
        assert_eq!(layout.symbols.len(), facts.functions.len());
        let patch = layout.patch_by(Redirect::Branches, &before, &stub, ENTRIES).expect("room");
        let (door, room) = (layout.find("clock_gettime").expect("it"), layout.find("gettimeofday").expect("it"));
        let begin = patch.at + patch.stub_at;
        assert_eq!(patch.at, door.value, "the symbols stay");
        assert_eq!(begin + ENTRIES.gettimeofday, room.value, "gettimeofday begins where it was");
        assert!(begin.is_multiple_of(8) && begin >= door.value + DOOR);
        assert_eq!(patch.bytes[patch.stub_at..], stub, "the stub is the end of the slice");
        let after = patched(&before, &patch);
        assert_eq!(instruction(&after, door.value), LANDING);
        let branch = instruction(&after, door.value + 4);
        assert_eq!(branch >> 26, 5, "b");
        let target = door.value + 4 + 4 * (branch & 0x03ff_ffff) as usize;
        assert_eq!(target, begin + ENTRIES.clock_gettime);
        for at in (0..door.value).chain(door.value + DOOR..begin).chain(begin + STUB..before.len()) {
            assert_eq!(before[at], after[at], "byte {at:#x}");
        }
    }
}

#[test]
fn symbols_lead_to_the_stub() {
    let (before, stub) = (image(&KERNELS[1]), vec![0xee; 428]);
    let layout = Layout::read(&before).expect("an image");
    let patch = layout.patch_by(Redirect::Symbols, &before, &stub, ENTRIES).expect("room");
    assert_eq!((patch.at + patch.stub_at, patch.bytes.len() - patch.stub_at), (0x570, 428));
    let after = Layout::read(&patched(&before, &patch)).expect("an image still");
    let value = |name| after.find(name).expect("it").value;
    assert_eq!(
        (value("clock_gettime"), value("gettimeofday")),
        (0x570 + ENTRIES.clock_gettime, 0x570 + ENTRIES.gettimeofday)
    );
    assert_eq!(value("clock_getres"), 0x720);
    let error = layout.patch_by(Redirect::Symbols, &before, &[0; 429], ENTRIES).expect_err("too large");
    assert_eq!(error, VdsoError::Small { room: 428, needed: 429 });
}

#[test]
fn branches_backwards_are_encoded() {
    assert_eq!(branch(0x2d4, 0x470), 0x1400_0067);
    assert_eq!(branch(0x10, 0x8), 0x17ff_fffe);
}

#[test]
fn what_has_no_room_is_refused() {
    fn refused(functions: &[(&str, usize, usize)], length: usize) -> VdsoError {
        let before = image(&Facts { functions, ..KERNELS[1] });
        let layout = Layout::read(&before).expect("an image");
        layout.patch_by(Redirect::Branches, &before, &vec![0; length], ENTRIES).expect_err("no room")
    }
    let small = |room| VdsoError::Small { room, needed: STUB };
    let (door, room) = ("__kernel_clock_gettime", "__kernel_gettimeofday");
    assert_eq!(refused(&[(door, 0x2d0, 416), (room, 0x470, 428)], STUB), small(408 + 428), "too few before");
    assert_eq!(refused(&[(door, 0x2d0, 664), (room, 0x570, 36)], STUB), small(664 + 36), "too few after");
    assert_eq!(refused(&[(door, 0x2d0, 600), (room, 0x570, 428)], STUB), small(428), "something is between");
    assert_eq!(refused(&[(room, 0x2d0, 428), (door, 0x480, 664)], STUB), small(428), "the other way round");
    assert_eq!(refused(&[(door, 0x2d0, 664)], STUB), VdsoError::Missing(room.trim_start_matches("__kernel_")));
    assert_eq!(refused(&[(room, 0x2d0, 664)], STUB), VdsoError::Missing(door.trim_start_matches("__kernel_")));
    assert!(matches!(refused(&[(door, 0x2d0, 664), (room, 0x56c, 428)], STUB), VdsoError::Malformed(_)), "unaligned");
    assert!(matches!(refused(&[(door, 0x2d0, 664), (room, 0x1570, 428)], STUB), VdsoError::Small { .. }));
    let far = refused(&[(door, 0xbd0, 664), (room, 0xe70, 428)], ENTRIES.gettimeofday + 420);
    assert_eq!(far, VdsoError::Malformed(BEYOND), "beyond the image");
}

/// Runs a tool and gives what it says.
fn run(program: &str, arguments: &[&std::ffi::OsStr]) -> String {
    let output = std::process::Command::new(program).args(arguments).output().expect(program);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{program}: {said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

/// Debian: `apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static`. `RCREPRO_VDSO` may name a real
/// vDSO image, cut out of an arm64 kernel, to be taken instead of the four that are built here.
#[test]
#[ignore = "needs gcc-aarch64-linux-gnu, libc6-dev-arm64-cross and qemu-user-static"]
fn a_patched_image_answers_on_aarch64() {
    let sources = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let directory = std::env::temp_dir().join(format!("rcrepro-aarch64-{}", std::process::id()));
    std::fs::create_dir(&directory).expect("a directory");
    let [object, bytes, program, patched_image] =
        ["stub.o", "stub.bin", "program", "vdso.so"].map(|name| directory.join(name));
    let compiler = "aarch64-linux-gnu-gcc";
    let (assembly, source) = (sources.join("src/stub/aarch64.s"), sources.join("tests/aarch64.c"));
    run(compiler, &["-c".as_ref(), "-o".as_ref(), object.as_ref(), assembly.as_ref()]);
    let flags = ["-O1", "-Wall", "-Werror", "-static", "-o"].map(std::ffi::OsStr::new);
    run(compiler, &[&flags[..], &[program.as_ref(), source.as_ref()]].concat());
    let flags = ["-O", "binary", "-j", ".rodata.rcrepro_stub", "--set-section-flags", ".rodata.rcrepro_stub=alloc"];
    let flags = flags.map(std::ffi::OsStr::new);
    run("aarch64-linux-gnu-objcopy", &[&flags[..], &[object.as_ref(), bytes.as_ref()]].concat());
    let names = run("aarch64-linux-gnu-nm", &[object.as_ref()]);
    let entry = |name| {
        let line = names.lines().find(|line| line.ends_with(name)).expect(name);
        usize::from_str_radix(line.split(' ').next().expect("a number"), 16).expect("a number")
    };
    let stub = std::fs::read(&bytes).expect("the stub");
    assert_eq!(
        (entry("stub_clock_gettime"), entry("stub_gettimeofday")),
        (ENTRIES.clock_gettime, ENTRIES.gettimeofday)
    );
    assert_eq!(stub.len(), STUB);

    let images = match std::env::var_os("RCREPRO_VDSO") {
        Some(path) => vec![std::fs::read(path).expect("a vDSO")],
        None => KERNELS.iter().map(image).collect(),
    };
    for before in images {
        let layout = Layout::read(&before).expect("an image");
        let patch = layout.patch_by(Redirect::Branches, &before, &stub, ENTRIES).expect("room");
        std::fs::write(&patched_image, patched(&before, &patch)).expect("written");
        let places = [layout.find("clock_gettime"), layout.find("gettimeofday")].map(|found| found.expect("it").value);
        let [clock, day, stub] = [places[0], places[1], patch.at + patch.stub_at].map(|at| at.to_string());
        let arguments = [program.as_os_str(), patched_image.as_ref(), clock.as_ref(), day.as_ref(), stub.as_ref()];
        println!("{}", run("qemu-aarch64-static", &arguments));
    }
    std::fs::remove_dir_all(&directory).expect("removed");
}
