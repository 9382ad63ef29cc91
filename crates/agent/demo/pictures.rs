//! Pictures of one landscape in the course of a day, drawn by the program itself.

use std::{
    f32::consts::{PI, TAU},
    io,
};

use super::png::png;

/// How many there are, from midnight to midnight.
pub(super) const COUNT: u32 = 12;

/// Their size in pixels.
const WIDTH: u32 = 480;
const HEIGHT: u32 = 320;

/// Red, green and blue, from 0 to 1.
type Colour = [f32; 3];

/// The colours at one time of the day.
#[derive(Clone, Copy)]
struct Light {
    /// What part of the day has gone by.
    at: f32,
    zenith: Colour,
    horizon: Colour,
    ground: Colour,
}

/// The times between which colours fade.
const DAY: [Light; 6] = [
    light(0.0, 0x0b_1030, 0x24_2b55, 0x06_0a18),
    light(0.22, 0x1d_2a5c, 0x6b_4a78, 0x0d_1224),
    light(0.30, 0x4a_6fb0, 0xff_a878, 0x23_2a40),
    light(0.50, 0x2f_86d6, 0xcf_e9f7, 0x1f_5a3c),
    light(0.76, 0x3b_3f86, 0xff_7d55, 0x26_1f38),
    light(1.0, 0x0b_1030, 0x24_2b55, 0x06_0a18),
];

/// Ranges of hills, the farthest first: where they stand, how high they are, how many there are.
const HILLS: [(f32, f32, f32); 4] = [
    (0.58, 0.060, 2.3),
    (0.66, 0.050, 3.1),
    (0.75, 0.055, 1.9),
    (0.87, 0.040, 2.7),
];

/// How soft the edge of a hill is, to either side.
const EDGE: f32 = 1.5 / HEIGHT as f32;

const MOON: Colour = colour(0xf4_f1e4);
const MOONLIGHT: Colour = colour(0xe8_ecff);
const SUN: Colour = colour(0xff_f6d8);
const SUNLIGHT: Colour = colour(0xff_d9a0);

const fn light(at: f32, zenith: u32, horizon: u32, ground: u32) -> Light {
    Light {
        at,
        zenith: colour(zenith),
        horizon: colour(horizon),
        ground: colour(ground),
    }
}

const fn colour(code: u32) -> Colour {
    let [_, red, green, blue] = code.to_be_bytes();
    [
        red as f32 / 255.0,
        green as f32 / 255.0,
        blue as f32 / 255.0,
    ]
}

/// One of the pictures, as a PNG file.
///
/// # Errors
/// As [`png`].
pub(super) fn picture(number: u32) -> io::Result<Vec<u8>> {
    let scene = Scene::at(number as f32 / COUNT as f32);
    let columns: Vec<_> = (0..WIDTH).map(|x| x as f32 / WIDTH as f32).collect();
    let columns: Vec<_> = columns.into_iter().map(|x| (x, tops(x))).collect();
    let mut pixels = Vec::new();
    for y in (0..HEIGHT).map(|y| y as f32 / HEIGHT as f32) {
        for (x, tops) in &columns {
            let pixel = scene.pixel(*x, y, tops);
            pixels.push(pixel.map(|part| (part.clamp(0.0, 1.0) * 255.0) as u8));
        }
    }
    png(WIDTH, HEIGHT, &pixels)
}

/// Where every range of hills begins in a column.
fn tops(x: f32) -> [f32; HILLS.len()] {
    std::array::from_fn(|range| {
        let (base, height, count) = HILLS[range];
        let place = x * count * TAU + range as f32 * 1.7;
        base - height * (place.sin() * 0.7 + (place * 2.3 + 1.0).sin() * 0.3)
    })
}

/// The landscape at one time of the day. Places are parts of its width and its height.
struct Scene {
    light: Light,
    /// The colour of every range of hills.
    hills: [Colour; HILLS.len()],
    sun: (f32, f32),
    moon: (f32, f32),
    /// How well stars are seen.
    night: f32,
}

impl Scene {
    fn at(time: f32) -> Self {
        let light = light_at(time);
        // The sun rises on the left at six and sets on the right at eighteen o'clock, then the moon.
        let height = |part: f32| 0.62 - 0.5 * (part * PI).sin();
        let (sun, moon) = ((time - 0.25) * 2.0, ((time + 0.25) % 1.0) * 2.0);
        Self {
            light,
            hills: std::array::from_fn(|range| {
                let nearness = (range + 1) as f32 / HILLS.len() as f32;
                mix(light.horizon, light.ground, nearness.powf(0.6))
            }),
            sun: (sun, height(sun)),
            moon: (moon, height(moon)),
            night: 1.0 - smooth(0.02, 0.35, light.zenith[2] - 0.18),
        }
    }

    /// What is seen at a place: the nearest range that covers it, or the sky, and edges of nearer ones.
    fn pixel(&self, x: f32, y: f32, tops: &[f32; HILLS.len()]) -> Colour {
        let covering = tops.iter().rposition(|top| y >= top + EDGE);
        let behind = covering.map_or_else(|| self.sky(x, y), |range| self.hills[range]);
        let edges = self.hills.iter().zip(tops);
        let nearer = edges.skip(covering.map_or(0, |range| range + 1));
        nearer
            .filter(|(_, top)| y > **top - EDGE)
            .fold(behind, |behind, (hill, top)| {
                mix(behind, *hill, smooth(top - EDGE, top + EDGE, y))
            })
    }

    fn sky(&self, x: f32, y: f32) -> Colour {
        let down = (y / 0.62).min(1.0).powf(1.4);
        let mut sky = mix(self.light.zenith, self.light.horizon, down);
        if self.night > 0.0 {
            sky = mix(sky, [1.0; 3], self.night * star(x, y));
        }
        let moon = distance((x, y), self.moon);
        sky = mix(sky, MOONLIGHT, 0.35 * self.night * (-moon * 9.0).exp());
        sky = mix(sky, MOON, disc(moon, 0.045));
        let sun = distance((x, y), self.sun);
        sky = mix(sky, SUNLIGHT, 0.75 * (-sun * 5.0).exp());
        mix(sky, SUN, disc(sun, 0.06))
    }
}

/// The colours at a time, between the two nearest that are known.
fn light_at(time: f32) -> Light {
    let mut pairs = DAY.iter().zip(&DAY[1..]);
    let pair = pairs.find(|(_, later)| time <= later.at);
    let (earlier, later) = pair.unwrap_or((&DAY[0], &DAY[0]));
    let part = smooth(earlier.at, later.at, time);
    Light {
        at: time,
        zenith: mix(earlier.zenith, later.zenith, part),
        horizon: mix(earlier.horizon, later.horizon, part),
        ground: mix(earlier.ground, later.ground, part),
    }
}

/// How bright a star is at a place: few places have one.
fn star(x: f32, y: f32) -> f32 {
    let cell = 7.0;
    let (column, row) = (x * WIDTH as f32 / cell, y * HEIGHT as f32 / cell);
    let seed = (column as u32).wrapping_mul(0x9e37_79b1) ^ (row as u32).wrapping_mul(0x85eb_ca6b);
    let chance = (seed ^ seed >> 15).wrapping_mul(0x2c1b_3c6d);
    let chance = (chance ^ chance >> 12).wrapping_mul(0x297a_2d39);
    if chance >> 24 < 235 {
        return 0.0;
    }
    let middle = (column.fract() - 0.5).hypot(row.fract() - 0.5) * cell;
    let brightness = (chance & 0xff) as f32 / 255.0;
    (0.3 + 0.7 * brightness) * (1.0 - smooth(0.4, 1.4, middle))
}

/// The distance of two places, in parts of the height.
fn distance((x, y): (f32, f32), (to_x, to_y): (f32, f32)) -> f32 {
    ((x - to_x) * WIDTH as f32 / HEIGHT as f32).hypot(y - to_y)
}

/// A round shape with a soft edge.
fn disc(distance: f32, radius: f32) -> f32 {
    1.0 - smooth(radius - 0.004, radius + 0.004, distance)
}

/// From 0 to 1 between two values, without corners.
fn smooth(from: f32, to: f32, value: f32) -> f32 {
    let part = ((value - from) / (to - from)).clamp(0.0, 1.0);
    part * part * (3.0 - 2.0 * part)
}

fn mix(one: Colour, other: Colour, part: f32) -> Colour {
    std::array::from_fn(|index| one[index] + (other[index] - one[index]) * part)
}
