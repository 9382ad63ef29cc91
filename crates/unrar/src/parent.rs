//! The side that has something decoded.

use crate::{
    Exchange, Failure, MOST_VOLUME, Order,
    frame::{self, HEAD, Kind, Start},
    running::Running,
};

/// Bytes that are handed on at a time.
const BATCH: usize = 64 << 10;

/// Seconds of work that everybody may take.
const SECONDS: u64 = 60;

/// Whoever takes more than a second for so many bytes beyond that, will not come to an end.
const BYTES_A_SECOND: u64 = 1 << 20;

/// What UnRAR says for too little memory, and for what it does not know.
const NO_MEMORY: i32 = 11;
const UNKNOWN_FORMAT: i32 = 14;

pub(crate) fn decode(order: &Order<'_>, exchange: &mut dyn Exchange) -> Result<(), Failure> {
    let running = Running::start(order.program, order.silence)?;
    match talk(&running, order, exchange) {
        // Its own end may say more.
        Err(Failure::Nonsense) => Err(running.fate()),
        other => other,
    }
}

fn talk(running: &Running, order: &Order<'_>, exchange: &mut dyn Exchange) -> Result<(), Failure> {
    let start = Start {
        memory: order.memory,
        seconds: SECONDS.saturating_add(order.length / BYTES_A_SECOND),
        members: order.members,
    };
    running.send(&start.to_bytes(), &|| exchange.is_cancelled())?;
    let mut left = order.length;
    loop {
        let mut head = [0; HEAD];
        running.receive(&mut head, &|| exchange.is_cancelled())?;
        let (kind, length) = frame::parse(head).ok_or(Failure::Nonsense)?;
        match kind {
            Kind::Volume => {
                let volume = exchange.volume().map_err(Failure::Volume)?;
                let length = u32::try_from(volume.len()).ok();
                let length = length.filter(|_| volume.len() <= MOST_VOLUME);
                let length = length
                    .ok_or_else(|| Failure::Volume(std::io::ErrorKind::FileTooLarge.into()))?;
                running.send(&length.to_le_bytes(), &|| exchange.is_cancelled())?;
                running.send(&volume, &|| exchange.is_cancelled())?;
            }
            Kind::Bytes => {
                left = left.checked_sub(length.into()).ok_or(Failure::Nonsense)?;
                hand_on(running, length as usize, exchange)?;
            }
            Kind::Done if left == 0 => return Ok(()),
            Kind::Done => return Err(Failure::Nonsense),
            Kind::Failed => {
                let mut code = [0; 4];
                running.receive(&mut code, &|| exchange.is_cancelled())?;
                return Err(match i32::from_le_bytes(code) {
                    NO_MEMORY => Failure::TooMuchMemory,
                    UNKNOWN_FORMAT => Failure::Unknown,
                    other => Failure::Damaged(other),
                });
            }
        }
    }
}

fn hand_on(
    running: &Running,
    mut length: usize,
    exchange: &mut dyn Exchange,
) -> Result<(), Failure> {
    let mut batch = vec![0; length.min(BATCH)];
    while length > 0 {
        batch.truncate(length);
        running.receive(&mut batch, &|| exchange.is_cancelled())?;
        exchange.take(&batch).map_err(Failure::Taken)?;
        length -= batch.len();
    }
    Ok(())
}
