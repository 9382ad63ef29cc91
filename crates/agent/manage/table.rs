//! The table of items.

use super::{
    reports::Item,
    words::{ago, bytes, count, cut, printable},
};

/// How much of an id is shown where room is short. It names the item in other commands too.
const SHORT: usize = 12;

/// The least room for a name, even where lines then break.
const LEAST: usize = 12;

/// A table of items, in the order given. In a terminal ids and names are cut to its width.
pub(crate) fn items(items: &[Item], now: u64, width: Option<usize>) -> String {
    let rows: Vec<_> = items.iter().map(|item| row(item, now, width)).collect();
    let head = ["NEXT", "ID", "ON DISK", "LAST USED", "KEPT"].map(str::to_owned);
    let widths: [usize; 5] = std::array::from_fn(|column| {
        let cells = rows.iter().map(|(cells, _)| cells).chain([&head]);
        cells.map(|cells| cells[column].len()).max().unwrap_or(0)
    });
    let taken = widths.iter().map(|width| width + 2).sum::<usize>();
    let room = width.map_or(usize::MAX, |width| width.saturating_sub(taken).max(LEAST));
    let mut table = String::new();
    for (cells, name) in [(head, "NAME".to_owned())].iter().chain(&rows) {
        let [next, id, disk, used, kept] = cells;
        let [w, x, y, z, last] = widths;
        let name = cut(name, room);
        table += &format!("{next:>w$}  {id:x$}  {disk:>y$}  {used:z$}  {kept:last$}  {name}\n");
    }
    let disk = items
        .iter()
        .fold(0_u64, |sum, item| sum.saturating_add(item.disk));
    table
        + &format!(
            "{}, {} on disk\n",
            count(items.len() as u64, "item"),
            bytes(disk)
        )
}

/// The cells of an item, and its name.
fn row(item: &Item, now: u64, width: Option<usize>) -> ([String; 5], String) {
    let id = printable(&item.id);
    let id = match width {
        Some(_) => id.chars().take(SHORT).collect(),
        None => format!("{}/{id}", printable(&item.protocol)),
    };
    let cells = [
        item.queue
            .map_or_else(|| "-".to_owned(), |place| place.to_string()),
        id,
        bytes(item.disk),
        ago(now, item.last_access),
        printable(&item.kept),
    ];
    (
        cells,
        item.name
            .as_deref()
            .map_or_else(|| "-".to_owned(), printable),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> [Item; 2] {
        let recent = Item {
            protocol: "bittorrent".into(),
            id: "dd8255ecdc7ca55fb0bbf81323d87062db1f6d1c".into(),
            name: Some("A very long name \u{1b}[2J of a film that many people like".into()),
            disk: 276_134_947,
            last_access: 1_000_000 - 7200,
            kept: "recent".into(),
            queue: Some(1),
        };
        let pinned = Item {
            id: "08ada5a7a6183aae1e09d831df6748d566095a10".into(),
            name: None,
            disk: 1000,
            last_access: 0,
            kept: "pinned".into(),
            queue: None,
            ..recent.clone()
        };
        [recent, pinned]
    }

    #[test]
    fn in_a_terminal_every_line_fits() {
        let table = items(&some(), 1_000_000, Some(72));
        assert_eq!(
            table,
            "NEXT  ID            ON DISK  LAST USED  KEPT    NAME\n   \
                1  dd8255ecdc7c   276 MB  2 h ago    recent  A very long name \\u{1b}…\n   \
                -  08ada5a7a618  1.00 kB  never      pinned  -\n\
             2 items, 276 MB on disk\n"
        );
        assert!(table.lines().all(|line| line.chars().count() <= 72));
    }

    #[test]
    fn in_a_file_nothing_is_cut() {
        let table = items(&some(), 1_000_000, None);
        assert!(table.contains("bittorrent/dd8255ecdc7ca55fb0bbf81323d87062db1f6d1c"));
        assert!(table.contains("that many people like\n"));
        assert!(!table.contains('\u{1b}'));
    }

    #[test]
    fn nothing_is_a_table_too() {
        assert!(items(&[], 0, None).ends_with("0 items, 0 B on disk\n"));
    }
}
