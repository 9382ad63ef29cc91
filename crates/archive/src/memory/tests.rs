use std::{sync::mpsc, thread};

use super::*;

const MIB: u64 = 1 << 20;
const LONG: Duration = Duration::from_secs(60);

fn ration(memory: &Arc<Memory>) -> Ration {
    Ration::new(memory, None, LONG, CancellationToken::new())
}

/// A decoder from which this one reads.
fn around(ration: &Ration, memory: &Arc<Memory>) -> Ration {
    let chain = Some(Arc::clone(ration.chain()));
    Ration::new(memory, chain, LONG, CancellationToken::new())
}

#[test]
fn who_comes_first_is_served_first() {
    let memory = Memory::new(100 * MIB);
    let first = ration(&memory);
    assert!(first.have(60 * MIB).expect("all is left") >= 60 * MIB);
    let (tell, heard) = mpsc::channel();
    thread::scope(|scope| {
        for (number, bytes) in [60, 10].into_iter().enumerate() {
            let (memory, tell) = (&memory, tell.clone());
            scope.spawn(move || {
                let ration = ration(memory);
                ration.have(bytes * MIB).expect("in its turn");
                assert!(memory.taken() <= 100 * MIB);
                tell.send(number).expect("heard");
            });
            // There would be enough for the second, but it came later.
            while memory.state().queue.len() <= number {
                thread::yield_now();
            }
        }
        assert!(memory.has_waiting() && heard.try_recv().is_err());
        drop(first);
    });
    assert_eq!(heard.try_iter().collect::<Vec<_>>().len(), 2);
    assert!(memory.taken() == 0 && !memory.has_waiting());
}

#[test]
fn waiting_ends() {
    let memory = Memory::new(100 * MIB);
    let first = ration(&memory);
    first.have(90 * MIB).expect("all is left");
    let late = Ration::new(&memory, None, Duration::ZERO, CancellationToken::new());
    assert!(late.have(50 * MIB).is_err());
    assert!(matches!(late.take_failure(), Some(Error::Busy { .. })));
    let cancel = CancellationToken::new();
    let left = Ration::new(&memory, None, LONG, cancel.clone());
    cancel.cancel();
    assert!(left.have(50 * MIB).is_err());
    assert!(matches!(left.take_failure(), Some(Error::Stopping)));
    assert!(!memory.has_waiting());
}

#[test]
fn what_can_never_be_had_is_not_waited_for() {
    let memory = Memory::new(100 * MIB);
    let ration = ration(&memory);
    for bytes in [100 * MIB, u64::MAX] {
        let refused = ration.have(bytes).expect_err("too much");
        assert_eq!(refused.kind(), std::io::ErrorKind::OutOfMemory);
    }
    assert!(ration.take_failure().is_none());
}

#[test]
fn who_has_something_does_not_wait_and_begins_again_with_enough_for_all() {
    let memory = Memory::new(100 * MIB);
    let (other, inner) = (ration(&memory), ration(&memory));
    other.have(30 * MIB).expect("all is left");
    inner.have(30 * MIB).expect("enough is left");
    let outer = around(&inner, &memory);
    assert!(outer.have(40 * MIB).is_err());
    assert!(matches!(outer.take_failure(), Some(Error::Busy { .. })));
    let inner = inner.again(Lack::Turn).expect("worth a try");
    drop((outer, other));
    inner.have(30 * MIB).expect("enough is left");
    assert!(memory.taken() >= 70 * MIB, "also for the outer one");
    let late = Ration::new(&memory, None, Duration::ZERO, CancellationToken::new());
    assert!(late.have(30 * MIB).is_err());
    let outer = around(&inner, &memory);
    outer.have(40 * MIB).expect("it was kept for that");
    drop((inner, outer));
    assert_eq!(memory.taken(), 0);
}

#[test]
fn a_chain_that_needs_more_than_there_is_has_no_hope() {
    let memory = Memory::new(100 * MIB);
    let mut inner = ration(&memory);
    for is_hopeless in [false, false, false, true] {
        inner.have(60 * MIB).expect("all is left");
        let outer = around(&inner, &memory);
        assert!(outer.have(60 * MIB).is_err());
        assert_eq!(inner.is_hopeless(), is_hopeless);
        match inner.again(Lack::Turn) {
            Some(again) => inner = again,
            None => assert!(is_hopeless),
        }
    }
    drop(inner);
    assert_eq!(memory.taken(), 0);
}

#[test]
fn a_decoder_that_finds_out_late_gets_all_once() {
    let memory = Memory::new(100 * MIB);
    let ration = ration(&memory);
    ration.have(MIB).expect("all is left");
    let again = ration.again(Lack::Memory).expect("worth a try");
    assert!(again.have(MIB).expect("all is left") > 90 * MIB);
    assert!(again.again(Lack::Memory).is_none());
}

#[test]
fn what_somebody_has_who_is_leaving_takes_no_hope() {
    let memory = Memory::new(100 * MIB);
    let mut inner = ration(&memory);
    for _ in 0..2 {
        inner.have(40 * MIB).expect("all is left");
        let leaving = around(&inner, &memory);
        leaving.have(45 * MIB).expect("enough is left");
        let next = around(&inner, &memory);
        assert!(next.have(45 * MIB).is_err(), "there are two of them");
        assert!(!inner.is_hopeless());
        inner = inner.again(Lack::Turn).expect("worth a try");
    }
    inner.have(40 * MIB).expect("all is left");
    let outer = around(&inner, &memory);
    outer.have(45 * MIB).expect("it fits alone");
    drop((inner, outer));
    assert_eq!(memory.taken(), 0);
}
