//! Which names make up a set.

use crate::rar::{Numbering, set_of};

fn set(name: &str, names: &[&str]) -> Option<(Numbering, Vec<String>)> {
    set_of(name, names.iter().copied()).map(|set| (set.numbering, set.names))
}

#[track_caller]
fn check(names: &[&str], numbering: Numbering, wanted: &[&str]) {
    for name in wanted {
        let (found, names) = set(name, names).unwrap_or_else(|| panic!("no set of {name}"));
        assert_eq!(found, numbering, "{name}");
        assert_eq!(names, wanted, "{name}");
    }
}

#[test]
fn parts_are_in_the_order_of_their_numbers() {
    let names = [
        "a.part10.rar",
        "a.part2.rar",
        "b.part2.rar",
        "a.part1.rar",
        "a.nfo",
    ];
    check(&names, Numbering::Parts, &["a.part1.rar", "a.part2.rar"]);
    let names = ["a.part03.rar", "A.PART02.RAR", "a.part01.rar", "a.rar"];
    let wanted = ["a.part01.rar", "A.PART02.RAR", "a.part03.rar"];
    check(&names, Numbering::Parts, &wanted);
    let names = ["a.part2.rar", "a.part1.exe", "a.part2.exe"];
    check(&names, Numbering::Parts, &["a.part1.exe", "a.part2.rar"]);
}

#[test]
fn letters_go_on_after_99() {
    let mut names = vec!["Movie.rar".to_owned()];
    names.extend((0..100).map(|number| format!("movie.r{number:02}")));
    names.extend((0..3).map(|number| format!("movie.S{number:02}")));
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    check(&names, Numbering::Letters, &names);
    check(&["a.rar", "a.r01", "a.zip"], Numbering::Letters, &["a.rar"]);
    check(
        &["a.part1.rar", "a.part1.r00"],
        Numbering::Letters,
        &["a.part1.rar", "a.part1.r00"],
    );
}

#[test]
fn files_cut_into_pieces_count_from_one() {
    let names = ["a.rar.002", "a.rar.001", "a.rar.003", "b.rar.003"];
    check(
        &names,
        Numbering::Split,
        &["a.rar.001", "a.rar.002", "a.rar.003"],
    );
}

#[test]
fn what_is_no_volume_or_lacks_the_first_has_no_set() {
    for (name, names) in [
        ("a.r00", &["a.r00", "a.r01"][..]),
        ("a.part2.rar", &["a.part2.rar", "a.part3.rar"]),
        ("a.part3.rar", &["a.part1.rar", "a.part3.rar"]),
        ("a.002", &["a.002"]),
        ("a.mkv", &["a.mkv", "a.rar"]),
        ("a", &["a"]),
        ("a.r0\u{e9}", &["a.rar"]),
        ("a.99999999999", &["a.99999999999"]),
    ] {
        let found = set(name, names);
        let is_alone = found.as_ref().is_some_and(|(_, names)| names == &[name]);
        assert!(found.is_none() || is_alone, "{name}: {found:?}");
    }
}
