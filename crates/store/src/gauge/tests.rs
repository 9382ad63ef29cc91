use tempfile::TempDir;

use super::*;

const MIB: u64 = 1 << 20;

fn gauge(limit: u64) -> (TempDir, Arc<Gauge>) {
    let folder = TempDir::new().expect("a temporary folder");
    let gauge = Gauge::new(folder.path().to_owned(), limit, 0).expect("a file system");
    (folder, gauge)
}

#[test]
fn nothing_is_reserved_before_all_was_counted() {
    let (_folder, gauge) = gauge(100 * MIB);
    let charge = Charge::none(&gauge);
    assert!(!gauge.reserve(&charge, 1));
    assert_eq!(gauge.room(), 0);
    gauge.counted();
    assert!(gauge.reserve(&charge, 1));
}

#[test]
fn the_total_is_the_sum_of_the_charges_and_stays_within_the_limit() {
    let (_folder, gauge) = gauge(100 * MIB);
    gauge.counted();
    let charges: Vec<_> = (0..10).map(|_| Charge::none(&gauge)).collect();
    let granted = (0..200).filter(|number| gauge.reserve(&charges[number % 10], MIB));
    assert_eq!(granted.count(), 100);
    let sum: u64 = charges.iter().map(Charge::bytes).sum();
    assert_eq!((sum, gauge.figures().used), (100 * MIB, 100 * MIB));
    charges[0].set(0);
    assert_eq!(gauge.figures().used, 90 * MIB);
    drop(charges);
    assert_eq!(gauge.figures().used, 0);
}

#[test]
fn the_collector_is_called_before_the_limit_and_told_what_was_refused() {
    let (_folder, gauge) = gauge(100 * MIB);
    gauge.counted();
    let charge = Charge::none(&gauge);
    assert!(gauge.reserve(&charge, 95 * MIB));
    assert_eq!(gauge.wait(Duration::ZERO), Task::Rest);
    assert!(gauge.reserve(&charge, MIB));
    assert_eq!(
        gauge.wait(Duration::ZERO),
        Task::Free(6 * MIB, Reason::Limit)
    );
    assert!(!gauge.reserve(&charge, 50 * MIB));
    assert_eq!(
        gauge.wait(Duration::ZERO),
        Task::Free(50 * MIB, Reason::Limit)
    );
    gauge.collected(Some("pinned".into()), 0);
    assert_eq!(gauge.stuck().as_deref(), Some("pinned"));
    charge.set(0);
    assert!(gauge.reserve(&charge, MIB));
    gauge.collected(None, 0);
    assert_eq!(
        (gauge.stuck(), gauge.wait(Duration::ZERO)),
        (None, Task::Rest)
    );
}

#[test]
fn what_has_to_stay_free_limits_as_well() {
    let folder = TempDir::new().expect("a temporary folder");
    let free = platform::space(folder.path()).expect("a file system").free;
    let keep_free = free.saturating_sub(100 * MIB);
    let gauge = Gauge::new(folder.path().to_owned(), u64::MAX / 4, keep_free).expect("one");
    gauge.counted();
    let charge = Charge::none(&gauge);
    // Others write to the same file system meanwhile: only the orders of magnitude are sure.
    assert!(!gauge.reserve(&charge, 1 << 50));
    assert!(matches!(
        gauge.wait(Duration::ZERO),
        Task::Free(_, Reason::KeepFree)
    ));
    assert!(gauge.capacity() < free);
}

#[test]
fn limits_change_while_they_are_kept() {
    let (_folder, gauge) = gauge(100 * MIB);
    gauge.counted();
    let charge = Charge::none(&gauge);
    assert!(gauge.reserve(&charge, 60 * MIB));
    gauge.set_limits(50 * MIB, 0);
    assert_eq!(gauge.room(), 0);
    assert!(!gauge.reserve(&charge, MIB));
    let task = gauge.wait(Duration::ZERO);
    assert!(
        matches!(task, Task::Free(bytes, Reason::Limit) if bytes >= 10 * MIB),
        "{task:?}"
    );
    gauge.set_limits(200 * MIB, 0);
    assert!(gauge.reserve(&charge, MIB));
    assert_eq!(gauge.figures().limit, 200 * MIB);
    gauge.set_limits(200 * MIB, u64::MAX / 2);
    assert_eq!(gauge.room(), 0, "so much has to stay free");
}

#[test]
fn what_was_tried_before_there_was_hope_is_not_told_as_hopeless() {
    let (_folder, gauge) = gauge(100 * MIB);
    gauge.counted();
    let charge = Charge::none(&gauge);
    assert!(gauge.reserve(&charge, 90 * MIB));
    assert!(!gauge.reserve(&charge, 20 * MIB));
    gauge.collected(Some("pinned".into()), gauge.hopes());
    assert_eq!(gauge.stuck().as_deref(), Some("pinned"));
    let begun = gauge.hopes();
    gauge.hope();
    assert_eq!(gauge.stuck(), None);
    // that of a collection which began before says nothing, and the wish stands
    assert!(!gauge.reserve(&charge, 20 * MIB));
    gauge.collected(Some("pinned".into()), begun);
    assert_eq!(gauge.stuck(), None);
    let task = gauge.wait(Duration::ZERO);
    assert!(
        matches!(task, Task::Free(bytes, _) if bytes >= 20 * MIB),
        "{task:?}"
    );
}
