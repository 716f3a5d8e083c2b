use super::*;

fn given() -> BuildGiven {
    BuildGiven {
        target: String::new(),
        arguments: [("GIVEN", "golang:1.26")].map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        images: ["golang:1.26", "debian", "payload"].map(str::to_owned).into(),
        secrets: ["token".to_owned()].into(),
        locked: ["golang:1.26", "debian"].map(str::to_owned).into(),
        architecture: "amd64".to_owned(),
        target_architecture: "amd64".to_owned(),
    }
}

fn lines(faults: Vec<LineFault>) -> Vec<String> {
    faults.into_iter().map(|fault| format!("{}: {}", fault.line, fault.says)).collect()
}

fn refused(text: &str) -> Vec<String> {
    lines(read_build(text, &given()).refused)
}

fn refused_for(target: &str, text: &str) -> Vec<String> {
    lines(read_build(text, &BuildGiven { target: target.to_owned(), ..given() }).refused)
}

#[test]
fn what_can_be_built_is_let_pass() {
    let texts = [
        "FROM docker.io/library/golang:1.26 AS Build\nFROM debian:latest\nCOPY --from=BUILD /a /a\nCOPY --from=0 /b /b\n",
        "ARG GO=x\nARG GIVEN\nfrom $GIVEN as a\nfrom a\n",
        "FROM --platform=$BUILDPLATFORM debian AS build-amd64\nFROM build-$TARGETARCH\nRUN --mount=from=payload,target=/t true\n",
        "ARG SUFFIX\nFROM debian AS build\nFROM build${SUFFIX}\n",
        "ARG SUFFIX=${NONE:+-slim}\nFROM debian${SUFFIX}\n",
        "FROM scratch\nRUN <<EOF\nFROM x\nADD https://example.com/x /x\nEOF\nCOPY --from=payload / /\nADD a b@c HTTP://x github.com/x/y file://x /x/\n",
        "# escape=`\nFROM debian `\n  AS a\nRUN echo --mount=type=bind,from=x --network=host\nRUN --network=none --security=sandbox true\n",
        "FROM debian AS base\nONBUILD COPY --from=payload / /\nFROM base\n",
        "FROM debian AS TARGET\nFROM ${TARGETSTAGE:+debian}\n",
        "FROM nothing AS payload\nFROM payload\n",
    ];
    for text in texts {
        assert_eq!(refused(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn stages_that_the_target_does_not_need_are_not_built() {
    let text = "FROM debian AS one\nFROM alpine AS lint\nRUN --network=host true\nADD https://example.com/x /\nFROM one AS two\n\
                COPY --from=lint /a /a\nFROM one\n";
    assert_eq!(refused(text), Vec::<String>::new());
    assert_eq!(refused_for("ONE", text), Vec::<String>::new());
    assert_eq!(refused_for("two", text).len(), 3);
    let reading = read_build(text, &BuildGiven { target: "0".to_owned(), ..given() });
    assert!(!reading.has_target, "BuildKit finds a target by its name alone");
    assert_eq!(reading.stages, ["one", "lint", "two", ""]);
    assert_eq!(refused_for("none", "FROM $X AS a\n").len(), 1, "BuildKit reads every FROM");
}

#[test]
fn what_nothing_maps_is_mapped_by_the_keys_that_can() {
    let hint = |text: &str| read_build(text, &given()).refused.remove(0).hint;
    assert_eq!(
        hint("FROM alpine:3\n"),
        "map it in the image's table of rcrepro.toml: bases = { \"alpine:3\" = \"IMAGE\" }"
    );
    for line in ["COPY --from=assets / /", "RUN --mount=from=assets,target=/t true"] {
        let hint = hint(&format!("FROM debian\n{line}\n"));
        assert!(
            hint.contains("bases = { \"assets\" = \"IMAGE\" }, or for files contexts = { assets = \"source:FOLDER\" }"),
            "{hint}"
        );
    }
    assert!(hint("FROM debian\nCOPY --from=a/b:1 / /\n").contains("contexts = { \"a/b:1\" = "));
}

#[test]
fn each_line_that_cannot_work_is_named() {
    let cases = [
        ("FROM debian:12\n", "1: `debian:12` is not an image of the plan"),
        ("FROM debian AS a\nFROM b\n", "2: `b` is not an image of the plan"),
        ("FROM debian AS a\nFROM A\n", "2: `A` is neither a stage before this line nor an image"),
        ("FROM debian\nCOPY --from=Payload / /\n", "2: `Payload` is neither a stage before this line nor an image"),
        ("FROM nothing AS payload\nCOPY --from=alpine / /\nFROM payload\n", "2: `alpine` is not an image of the plan"),
        ("FROM debian\nCOPY --from=busybox:1 /a /b\n", "2: `busybox:1` is not an image"),
        ("FROM debian\nCO\\\nPY --from=busybox:1 /a /b\n", "3: `busybox:1` is not an image"),
        ("FROM debian\nCOPY --from=1 /a /b\n", "2: `COPY --from=1` names no stage: expected 0 to 0"),
        ("FROM debian\nCOPY --from=0 /a /b\n", "2: `0` is a stage that does not come before this one"),
        ("ARG V=1\nFROM debian\nARG V\nCOPY --from=$V /a /b\n", "4: `COPY --from=$V`: no variable is replaced there"),
        ("FROM debian\nRUN --mount=from=${V},target=/t true\n", "2: `RUN --mount=from=${V}`: no variable is replaced"),
        ("FROM debian\nRUN --mount=type=bind,from=0,target=/t true\n", "2: `0` is not an image of the plan"),
        ("FROM debian AS a\nONBUILD COPY --from=x / /\nFROM a\n", "2: `x` is not an image of the plan"),
        ("FROM debian\nRUN --network=host true\n", "2: `RUN --network=host` is not allowed to a build"),
        ("FROM debian\nrun --security=insecure true\n", "2: `RUN --security=insecure` is not allowed"),
        ("FROM debian\nADD https://example.com/x /x\n", "2: `ADD https://example.com/x` takes a file from elsewhere"),
        ("FROM debian\nADD [\"a\",\"http://example.com/x\", \"/x/\"]\n", "2: `ADD http://example.com/x` takes a file"),
        ("FROM debian\nARG V=1\nADD https://example.com/$V /\n", "3: `ADD https://example.com/$V` takes a file"),
        ("FROM debian\nENV AT=https://example.com\nADD ${AT}/x /\n", "3: `ADD ${AT}/x` takes a file from elsewhere"),
        ("FROM debian\nADD git@example.com:x/y.git /x\n", "2: `ADD git@example.com:x/y.git` takes a repository"),
        ("FROM debian\nADD git://example.com/x /x\n", "2: `ADD git://example.com/x` takes a repository"),
        (
            "FROM debian\nADD HTTPS://example.com/x.git#main /x\n",
            "2: `ADD HTTPS://example.com/x.git#main` takes a repo",
        ),
        ("FROM debian\nCOPY https://example.com/x /x\n", "2: `COPY https://example.com/x` takes a file"),
        ("FROM debian\nRUN --network=$N true\n", "2: `RUN --network=$N`: expected `default`"),
        ("FROM debian\nRUN --mount=type=secret,id=key,required true\n", "2: the step requires the secret `key`"),
    ];
    for (text, expected) in cases {
        let found = refused(text);
        assert!(found.len() == 1 && found[0].starts_with(expected), "{found:?}\nexpected {expected}");
    }
}

#[test]
fn a_variable_without_a_value_is_named_with_the_reason() {
    let cases = [
        ("ARG BASE\nFROM $BASE\n", "2: `$BASE`: `BASE` has no value in this build: its `ARG` has no default"),
        ("FROM debian:$V\nARG V=1\n", "1: `debian:$V`: `V` has no value in this build: its `ARG` is behind the first"),
        ("FROM ${X}\n", "1: `${X}`: `X` has no value in this build: no `ARG` before"),
        ("FROM --platform=$P debian\n", "1: `$P`: `P` has no value in this build"),
    ];
    for (text, expected) in cases {
        let found = refused(text);
        assert!(found.len() == 1 && found[0].starts_with(expected), "{found:?}\nexpected {expected}");
    }
}

#[test]
fn what_cannot_be_told_is_not_said() {
    for text in [
        "ARG V=1.2\nFROM golang:${V%.*}\n",
        "FROM debian\nADD $WHERE /x\n",
        "FROM debian\nARG WHERE\nADD ${WHERE}/x /x\n",
        "FROM debian\nRUN --mount=type=secret,id=$ID,required=true true\n",
        "FROM debian\nRUN --mount=type=$KIND,id=key true\n",
    ] {
        let found = read_build(text, &given());
        assert_eq!((&found.refused, &found.notes), (&vec![], &vec![]), "{text}");
        assert!(found.used.is_none() || !found.are_secrets_told || text.contains("ADD"), "{text}");
    }
    // Nothing is hidden from a stage that begins with nothing.
    assert_eq!(refused("FROM scratch\nADD ${WHERE:-https://example.com/x} /x\n").len(), 1);
}

#[test]
fn what_lines_use_is_listed() {
    let text = "FROM docker.io/library/debian AS a\nARG ONE\nRUN --mount=type=secret,id=other --mount=target=/x,type=secret true\n\
                ONBUILD ARG TWO=2\nFROM alpine AS unused\nRUN --mount=type=secret,src=token,required=true,id=x true\nFROM a\n";
    let found = read_build(text, &given());
    let used: Vec<String> = found.used.clone().expect("told").into_iter().collect();
    assert_eq!(used, ["alpine", "debian"]);
    let secrets: Vec<_> = found.secrets.iter().map(|m| (m.line, m.id.as_str(), m.is_required, m.is_needed)).collect();
    assert_eq!(secrets, [(3, "other", false, true), (3, "x", false, true), (6, "token", true, false)]);
    assert_eq!(found.notes.len(), 2, "{:?}", found.notes);
    for (argument, is_taken) in
        [("ONE", true), ("TWO", true), ("HTTP_PROXY", true), ("TARGETARCH", true), ("BUILDKIT_X", true), ("on", false)]
    {
        assert_eq!(found.takes(argument), is_taken, "{argument}");
    }
}

#[test]
fn references_are_shortened_as_buildkit_shortens_them() {
    for (long, short) in [
        ("docker.io/library/golang:latest", "golang"),
        ("golang:1.26", "golang:1.26"),
        ("index.docker.io/a/b:latest", "a/b"),
        ("library/a/b", "library/a/b"),
        ("registry.example/library/x", "registry.example/library/x"),
        ("x:latest@sha256:1", "x:latest@sha256:1"),
    ] {
        assert_eq!(familiar(long), short);
    }
}

#[test]
fn a_locked_image_is_for_the_platform_that_builds() {
    let refused = |text: &str| {
        let foreign = BuildGiven { target_architecture: "arm64".to_owned(), ..given() };
        lines(read_build(text, &foreign).refused)
    };
    let fine = "FROM --platform=$BUILDPLATFORM golang:1.26 AS build\nRUN go build\nFROM scratch\nCOPY --from=build /a /a\nCOPY --from=payload / /\n";
    assert_eq!(refused(fine), Vec::<String>::new());
    for fine in ["FROM --platform=linux/amd64 debian", "FROM --platform=local debian"] {
        assert_eq!(refused(fine), Vec::<String>::new());
    }
    for (text, line) in [
        ("FROM debian\n", 1),
        ("FROM --platform=$TARGETPLATFORM debian\n", 1),
        ("FROM --platform=$BUILDPLATFORM golang:1.26 AS build\nCOPY --from=debian /etc /etc\n", 2),
        ("FROM scratch\nCOPY --from=golang:1.26 / /\n", 2),
    ] {
        let found = refused(text);
        assert!(
            found
                .iter()
                .all(|found| found.contains("is locked for linux/amd64, and this line takes it for linux/arm64")),
            "{found:?}"
        );
        assert!(found.len() == 1 && found[0].starts_with(&format!("{line}: ")), "{found:?}");
    }
    assert_eq!(read_build("FROM debian\n", &given()).refused, []);
}

#[test]
fn a_stage_is_for_the_machine_or_the_target() {
    for good in [
        "$BUILDPLATFORM",
        "linux/amd64",
        "amd64",
        "local",
        "x86_64",
        "linux/amd64/v1",
        "Linux/AMD64",
        "$TARGETPLATFORM",
    ] {
        assert_eq!(refused(&format!("FROM --platform={good} scratch\n")), Vec::<String>::new(), "{good}");
    }
    for (bad, is) in [
        ("linux/386", "linux/386"),
        ("linux/amd64/v3", "linux/amd64/v3"),
        ("arm64/v8", "arm64/v8"),
        ("windows/amd64", "windows/amd64"),
        ("linux/amd64,linux/arm64", "linux/amd64,linux/arm64"),
        ("$BUILDPLATFORM", "linux/s390x"),
    ] {
        let found = refused(&format!("ARG BUILDPLATFORM=linux/s390x\nFROM --platform={bad} scratch\n"));
        let [found] = &found[..] else { panic!("{bad}: {found:?}") };
        assert!(
            found.contains(&format!("the stage would be for {is}, and the image is built on linux/amd64")),
            "{found}"
        );
    }
}

#[test]
fn mounts_and_ports_that_buildkit_does_not_take_are_named() {
    for (line, expected) in [
        ("RUN --mount=type=disk,target=/a true", "unsupported mount type `type=disk`: expected bind, cache"),
        ("RUN --mount=type=cache,target=/a,shared true", "invalid field `shared`: must be a key=value pair"),
        ("RUN --mount=type=cache,targt=/a true", "unexpected key `targt`: did you mean `target`?"),
        ("RUN --mount=type=cache,target=/a,sharing=all true", "invalid value `sharing=all`: expected shared"),
        ("RUN --mount=target=/a,sharing=shared true", "sharing is for caches"),
        ("RUN --mount=target=/a,mode=0755 true", "mode not allowed for `bind` type mounts"),
        ("RUN --mount=type=cache,target=/a,mode=rwx true", "invalid value `mode=rwx`: expected a mode"),
        ("RUN --mount=type=cache,target=/a,uid=-1 true", "invalid value `uid=-1`: expected a number"),
        ("RUN --mount=type=cache,target=/a,ro=yes true", "invalid value `ro=yes`: expected true or false"),
        ("RUN --mount=type=cache,target=/a,size=1m true", "unexpected key `size` for mount type `cache`"),
        ("RUN --mount=type=tmpfs,target=/a,size=big true", "invalid value `size=big`: expected an amount"),
        ("RUN --mount=required,type=secret,id=token true", "unexpected key `required` for mount type `bind`"),
        ("RUN --mount=type=secret true", "invalid secret mount: one of id, source, target required"),
        ("RUN --mount=type=secret,id=token,src=token true", "both source and id can't be set"),
        ("RUN --mount=type=cache,target=/./ true", "invalid mount target `/./`"),
        ("RUN --mount=type=ssh,required true", "requires an ssh agent, and a build is given none"),
        ("EXPOSE 80x", "invalid port `80x`: expected a number to 65535"),
        ("EXPOSE 70000", "invalid port `70000`"),
        ("EXPOSE 9-8/tcp", "invalid port `9-8/tcp`"),
        ("EXPOSE 80/http", "invalid port `80/http`: expected tcp, udp or sctp"),
    ] {
        let found = refused(&format!("FROM debian\n{line}\n"));
        assert!(found.len() == 1 && found[0].starts_with("2: ") && found[0].contains(expected), "{line}: {found:?}");
    }
    for line in [
        "RUN --mount=type=cache,target=/a,sharing=locked,mode=0755,uid=1,gid=1,id=x true",
        "RUN --mount=type=cache true",
        "RUN --mount=type=$KIND,what=ever true",
        "RUN --mount=TYPE=Tmpfs,dst=/a,size=64m,rw true",
        "RUN --mount=type=ssh true",
        "RUN --mount=type=ssh,required=false true",
        "RUN --mount=type=secret,id=token,env=TOKEN,mode=0400 true",
        "EXPOSE 80 8000-8010/udp 0/SCTP $PORT 127.0.0.1:1:2",
    ] {
        assert_eq!(refused(&format!("FROM debian\nARG PORT\n{line}\n")), Vec::<String>::new(), "{line}");
    }
    // Stages that nothing needs run no step.
    assert_eq!(refused("FROM debian AS x\nRUN --mount=type=disk true\nEXPOSE x\nFROM debian\n"), Vec::<String>::new());
}

#[test]
fn a_linter_that_fails_the_build_is_noted() {
    for (directive, is_noted) in [
        ("# check=error=true", true),
        ("# check=skip=JSONArgsRecommended;error=1", true),
        ("# check=skip=all;error=true", false),
        ("# check=error=false", false),
        ("# check=skip=all", false),
    ] {
        let found = read_build(&format!("{directive}\nFROM debian\n"), &given());
        assert_eq!((found.refused.len(), found.notes.len()), (0, usize::from(is_noted)), "{directive}");
    }
}
