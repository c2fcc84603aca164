//! Every case: one file a kind, one line a case.

mod choice;
mod forms_of_two;
mod frontiers;
mod not_independent;
mod shares;

use crate::case::Case;

pub const ALL: &[Case] = &[
    forms_of_two::LADDER,
    forms_of_two::NO_FREEDOM,
    forms_of_two::ONE_ROW_MORE,
    forms_of_two::TWO_ROWS_MORE,
    forms_of_two::THREE_ROWS_MORE,
    forms_of_two::TWO_SIZES,
    forms_of_two::THREE_SIZES,
    forms_of_two::TWO_CLUSTERS,
    forms_of_two::THREE_CLUSTERS,
    frontiers::THREE_A_BUDGET,
    frontiers::FOUR_A_BUDGET,
    frontiers::CURVES,
    not_independent::FIVE_RUNS,
    not_independent::EIGHT_RUNS,
    not_independent::TWENTY_RUNS,
    not_independent::EIGHTY_RUNS,
    not_independent::EIGHT_WANDERING,
    not_independent::DUPLICATES,
    choice::FEW_ADDITIVE,
    choice::FEW_COUPLED,
    choice::FEW_KAPLAN,
    choice::FEW_OVER_TRAINING,
    choice::GRID_ADDITIVE,
    choice::GRID_COUPLED,
    shares::ERROR,
    shares::SCORE,
];
