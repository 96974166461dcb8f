//! Photos of batik cloth: a drawn pattern in a few colours.

use png::{BitDepth, ColorType, Encoder};

const WIDTH: u32 = 480;
const HEIGHT: u32 = 360;
/// Pixels from one figure of the pattern to the next.
const CELL: i64 = 60;

/// How many pictures there are.
pub(super) const COUNT: usize = 6;

/// Ground, petals, their veins, and what stands between: lit and, after these, in a fold.
const COLOURS: [[[u8; 3]; 4]; COUNT] = [
    [[92, 52, 34], [232, 208, 164], [150, 88, 48], [212, 168, 96]],
    [[24, 44, 92], [222, 226, 236], [84, 112, 172], [168, 188, 224]],
    [[36, 78, 58], [232, 232, 204], [96, 144, 92], [196, 204, 128]],
    [[120, 32, 44], [244, 216, 200], [188, 84, 80], [232, 160, 96]],
    [[58, 40, 84], [228, 214, 240], [128, 96, 168], [200, 164, 216]],
    [[40, 40, 44], [228, 224, 216], [128, 120, 112], [196, 168, 104]],
];

/// A picture.
pub(super) fn png(nth: usize) -> Option<Vec<u8>> {
    let lit = COLOURS.get(nth)?;
    let folded = lit.iter().map(|colour| colour.map(|part| part / 4 * 3));
    let palette: Vec<u8> = lit.iter().copied().chain(folded).flatten().collect();
    let pixels: Vec<u8> = (0..HEIGHT).flat_map(|y| (0..WIDTH).map(move |x| colour(x, y, nth))).collect();
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, WIDTH, HEIGHT);
    encoder.set_color(ColorType::Indexed);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_palette(palette);
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(&pixels).ok()?;
    writer.finish().ok()?;
    Some(out)
}

/// Which colour a pixel has: four petals meet in each figure ("kawung"), lozenges stand between them.
fn colour(x: u32, y: u32, nth: usize) -> u8 {
    let (x, y) = (i64::from(x), i64::from(y));
    let (u, v) = (x.rem_euclid(CELL) - CELL / 2, y.rem_euclid(CELL) - CELL / 2);
    // Along the diagonals, where the petals lie; both are longer by the root of two.
    let (along, across) = ((u + v).abs(), (u - v).abs());
    let petal = |length: i64, width: i64| {
        let from_centre = length - 26;
        from_centre * from_centre * 100 / (22 * 22) + width * width * 100 / (12 * 12)
    };
    let nearest = petal(along, across).min(petal(across, along));
    let kind = match nearest {
        0..14 => 2,
        14..100 => 1,
        _ if u.abs() + v.abs() > CELL - 10 => 3,
        _ if u.abs() < 3 && v.abs() < 3 => 3,
        _ => 0,
    };
    // The cloth lies in folds, in every picture other ones.
    let fold = (x + y * 2 + 70 * nth as i64).rem_euclid(310) < 90;
    if fold { kind + 4 } else { kind }
}
