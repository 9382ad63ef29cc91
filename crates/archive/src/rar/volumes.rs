//! Which files make up a set of volumes, told by their names alone.

use std::collections::BTreeMap;

/// How the files of a set are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Numbering {
    /// `name.part1.rar`, `name.part2.rar` and so on, with any number of digits.
    Parts,
    /// `name.rar`, `name.r00` to `name.r99`, `name.s00` and so on.
    Letters,
    /// `name.001`, `name.002` and so on: one file cut into pieces, or volumes named this way.
    Split,
}

/// The files of a set, from the first one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Set {
    pub(crate) numbering: Numbering,
    /// Their names as they are in the directory.
    pub(crate) names: Vec<String>,
}

/// The set that a file belongs to, among the names in its directory; `None` where its name is not
/// that of a volume, or the set's first file is not there.
///
/// The names may be in any order and any case. The set ends before the first gap.
pub(crate) fn set_of<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<Set> {
    let wanted: Vec<_> = places(name);
    let mut found: [BTreeMap<u32, &str>; 3] = Default::default();
    for other in names {
        for place in places(other) {
            let slot = wanted.iter().position(|wanted| {
                wanted.numbering == place.numbering && wanted.stem == place.stem
            });
            let Some(slot) = slot.and_then(|slot| found.get_mut(slot)) else {
                continue;
            };
            // A set in another case beside this one does not take the place of the file itself.
            let known = slot.entry(place.number).or_insert(other);
            if other == name {
                *known = other;
            }
        }
    }
    let sets = wanted.iter().zip(found).filter_map(|(wanted, found)| {
        let first = *found.keys().next()?;
        let names = (first..).map_while(|number| found.get(&number).map(|name| (*name).to_owned()));
        let names: Vec<_> = names.collect();
        let reach = u64::from(first) + names.len() as u64;
        let begins = match wanted.numbering {
            Numbering::Letters => first == 0,
            Numbering::Parts | Numbering::Split => first <= 1,
        };
        (begins && u64::from(wanted.number) < reach).then_some(Set {
            numbering: wanted.numbering,
            names,
        })
    });
    sets.max_by_key(|set| set.names.len())
}

/// A place in a set.
struct Place {
    numbering: Numbering,
    stem: String,
    /// From 0 or 1; letters count from 0.
    number: u32,
}

/// The places in sets that a name may have.
fn places(name: &str) -> Vec<Place> {
    let name = name.to_lowercase();
    let Some((stem, extension)) = name.rsplit_once('.') else {
        return Vec::new();
    };
    let place = |numbering, stem: &str, number| Place {
        numbering,
        stem: stem.to_owned(),
        number,
    };
    let mut places = Vec::new();
    let is_program = matches!(extension, "exe" | "sfx");
    if extension == "rar" || is_program {
        places.extend(
            part(stem)
                .filter(|(_, number)| !is_program || *number <= 1)
                .map(|(stem, number)| place(Numbering::Parts, stem, number)),
        );
        places.push(place(Numbering::Letters, stem, 0));
    } else if let Some(number) = lettered(extension) {
        places.push(place(Numbering::Letters, stem, number));
    } else if extension.len() >= 3
        && let Some(number) = digits(extension)
    {
        places.push(place(Numbering::Split, stem, number));
    }
    places
}

/// The number in `name.part12`.
fn part(stem: &str) -> Option<(&str, u32)> {
    let (stem, part) = stem.rsplit_once('.')?;
    Some((stem, digits(part.strip_prefix("part")?)?))
}

/// The number that `r00` to `z99` stand for, from 1.
fn lettered(extension: &str) -> Option<u32> {
    let letter = extension
        .bytes()
        .next()
        .filter(|letter| (b'r'..=b'z').contains(letter))?;
    let number = extension
        .get(1..)
        .filter(|rest| rest.len() == 2)
        .and_then(digits)?;
    Some(u32::from(letter - b'r') * 100 + number + 1)
}

/// A number of at most nine digits.
fn digits(text: &str) -> Option<u32> {
    let is_number = (1..=9).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}
