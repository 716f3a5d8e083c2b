use rcrepro_format::plan::plan_toml;

#[test]
fn a_command_brings_what_it_needs_and_nothing_else() {
    let head =
        "version = 1\nname = \"p\"\n[images.i]\nbuild = \"x\"\n[packets.RC-05]\ntitle = \"t\"\nsets = [\"all\"]\n";
    let table = |id: &str, needs: &str| {
        format!("[[sets.all]]\nid = \"{id}\"\nrun = \"true\"\nimage = \"i\"\noutputs = [\"{id}\"]\nneeds = [{needs}]\n")
    };
    let tables = [table("a", ""), table("b", "\"a\""), table("c", "\"b\""), table("d", "\"a\"")];
    let plan = plan_toml::parse(&format!("{head}{}", tables.concat()), &[]).expect("a good plan");
    let packet = &plan.packets[&"RC-05".parse().expect("an id")];
    let kept = |wanted: &str| {
        plan.only([&wanted.parse().expect("a name")])
            .commands(packet)
            .map(|spec| spec.id.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(kept("c"), ["a", "b", "c"]);
    assert_eq!(kept("d"), ["a", "d"]);
    assert_eq!(kept("a"), ["a"]);
}
