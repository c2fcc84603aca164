//! Products of a strip with columns in single precision: of each row and column four sums, of every fourth input, that are
//! added in pairs.

use super::kernel::{Out, PANEL};
use super::strip::GROUP;
use super::weights::Values;
use crate::activations::{Activations, Panel};
use crate::lanes::{Lanes, ROWS};

/// Puts the products of a strip's rows and all columns in single precision.
///
/// # Safety
/// The strip must have as many groups as the columns.
#[inline(always)]
pub(super) unsafe fn single<L: Lanes, V: Values>(
    lanes: L,
    strip: &[u8],
    x: &Activations,
    scratch: &mut [f32],
    out: &mut Out<'_>,
) {
    let groups = x.groups();
    let scratch = &mut scratch[..groups * GROUP * ROWS];
    let mut group = 0;
    while group < groups {
        let values = &mut scratch[group * GROUP * ROWS..][..GROUP * ROWS];
        // SAFETY: the caller promises the groups, and there is room for each.
        unsafe { V::values(lanes, strip.as_ptr(), group, groups, values.as_mut_ptr()) };
        group += 1;
    }
    let mut column = 0;
    while column < x.columns() {
        let (panel, within) = (x.panels_from(column / PANEL, 1), column % PANEL);
        // SAFETY: a panel has all of its columns and groups, and the scratch all groups.
        unsafe {
            if within + 1 < panel.width {
                let [first, second] = single_columns(lanes, scratch.as_ptr(), groups, panel, within);
                out.put(lanes, column, first);
                out.put(lanes, column + 1, second);
                column += 2;
            } else {
                let [only] = single_columns(lanes, scratch.as_ptr(), groups, panel, within);
                out.put(lanes, column, only);
                column += 1;
            }
        }
    }
}

/// The products of a strip's numbers with columns of a panel, from one on.
///
/// # Safety
/// Both must have the groups, and the panel the columns.
#[inline(always)]
unsafe fn single_columns<L: Lanes, const COLUMNS: usize>(
    lanes: L,
    weights: *const f32,
    groups: usize,
    panel: Panel<'_>,
    first: usize,
) -> [L::Eight; COLUMNS] {
    let mut sums = [[lanes.eight(0.0); 4]; COLUMNS];
    let mut group = 0;
    while group < groups {
        // SAFETY: the caller promises the group in both, and the columns.
        unsafe {
            let weights = weights.add(group * GROUP * ROWS);
            let x = panel.values.as_ptr().add((group * panel.width + first) * GROUP);
            let mut input = 0;
            while input < GROUP {
                let weight = lanes.eight_at(weights.add(input * ROWS));
                let mut column = 0;
                while column < COLUMNS {
                    let x = lanes.eight(*x.add(column * GROUP + input));
                    sums[column][input % 4] = lanes.times_plus(weight, x, sums[column][input % 4]);
                    column += 1;
                }
                input += 1;
            }
        }
        group += 1;
    }
    let mut products = [lanes.eight(0.0); COLUMNS];
    let mut column = 0;
    while column < COLUMNS {
        let [a, b, c, d] = sums[column];
        products[column] = lanes.plus(lanes.plus(a, b), lanes.plus(c, d));
        column += 1;
    }
    products
}
