//! What a training costs, what failures take, and what it needs.

use proptest::prelude::*;
use triaxis_laws::numeric::Stream;
use triaxis_plan::training::{Reliability, TrainingSetup, of_forward};
use triaxis_plan::{Price, Uncertain};
use triaxis_units::{Bytes, Dollars, Flops, Params, Tokens};

use crate::{catalogue, near, price, share};

const MINUTE: f64 = 60.0;

#[test]
fn checkpoints_against_failures() {
    for (checkpoint, between, interval, lost) in [(2.0, 180.0, 26.8, 14.9), (1.0, 162.0, 18.0, 11.1)] {
        let group = Reliability {
            between: between * MINUTE,
            checkpoint: checkpoint * MINUTE,
            restart: 0.0,
        };
        near(group.checkpoint_interval() / MINUTE, interval, 0.05);
        near(100.0 * group.overhead(), lost, 0.05);
        // The exact loss differs from the first order by the second.
        near(
            1.0 - group.goodput(),
            group.overhead(),
            0.6 * group.overhead().powi(2),
        );
        let restarts = Reliability {
            restart: 9.0 * MINUTE,
            ..group
        };
        near(restarts.overhead() - group.overhead(), 9.0 / between, 1e-12);
    }
}

#[test]
fn goodput_is_that_of_simulated_failures() {
    let group = Reliability {
        between: 3.0 * 3600.0,
        checkpoint: 120.0,
        restart: 600.0,
    };
    let segment = group.checkpoint_interval();
    let mut stream = Stream::new(1, "failures", 0);
    let mut failure = || -group.between * stream.uniform().ln();
    let (mut clock, mut next, mut done) = (0.0, failure(), 0.0);
    let mut pending = 0.0;
    for _ in 0..400_000 {
        // What must pass without a failure: a restart if one is due, the work, its checkpoint.
        let whole = pending + segment + group.checkpoint;
        if clock + whole <= next {
            (clock, pending, done) = (clock + whole, 0.0, done + segment);
        } else {
            (clock, pending) = (next, group.restart);
            next = clock + failure();
        }
    }
    near(done / clock, group.goodput(), 0.003);
}

#[test]
fn llama_threes_effective_time() {
    let failures = TrainingSetup::default().failures.median(16_384.0);
    // 419 unplanned interruptions in 54 days.
    near(failures.between / 3600.0, 54.0 * 24.0 / 419.0, 0.005);
    assert!(
        (0.90..0.92).contains(&failures.goodput()),
        "{}",
        failures.goodput()
    );
}

#[test]
fn the_least_devices_the_days_and_the_dollars() {
    let setup = TrainingSetup {
        price_per_hour: price(2.5),
        mfu: share(0.4),
        tuning: Uncertain::certain(0.0),
        evaluation: Uncertain::certain(0.0),
        ladder: Uncertain::certain(Dollars(1e6)),
        ..TrainingSetup::default()
    };
    let trainer = setup.service(&catalogue()).unwrap().median();
    let params: Params = "405B".parse().unwrap();
    assert_eq!(trainer.state(params), Bytes(6_480_000_000_000));
    assert_eq!(trainer.least_devices(params), 108);
    let operations = Flops::six_nd(params, Tokens(15_600_000_000_000));
    let bill = trainer.bill_on(operations, params, 16_384).unwrap();
    let hours = operations.0 / (989.4e12 * 0.4) / 3600.0;
    near(bill.run.0, 2.5 * hours, 1.0);
    near(bill.device_hours, hours / bill.goodput, 1e-3);
    near(bill.wall.0, bill.device_hours * 3600.0 / 16_384.0, 1e-3);
    near(bill.total().0, 2.5 * bill.device_hours + 1e6, 1.0);
    // On fewer devices it takes longer, and less is lost to failures.
    let fewer = trainer.bill_on(operations, params, 512).unwrap();
    assert!(fewer.wall > bill.wall && fewer.total() < bill.total());
    let refused = trainer.bill_on(operations, params, 64).unwrap_err().to_string();
    assert!(refused.contains("take 108 or more"), "{refused}");
}

#[test]
fn a_forward_pass_is_a_third() {
    assert_eq!(
        of_forward(Flops(2.0 * 7e9), Tokens(1_000)),
        Flops::six_nd(Params(7_000_000_000), Tokens(1_000))
    );
}

proptest! {
    #[test]
    fn no_figures_make_a_bill_panic_or_lie(
        params in 0u64..(1 << 53), operations in 0.0f64..1e40, devices in 1u64..u64::MAX,
        bytes in 1e-3f64..1e6, dollars in 1e-6f64..1e6,
    ) {
        let setup = TrainingSetup {
            devices: Some(devices),
            state_bytes: bytes,
            price_per_hour: Some(Price { dollars: Uncertain::certain(Dollars(dollars)), ..price(1.0).unwrap() }),
            ..TrainingSetup::default()
        };
        let trainer = setup.service(&catalogue()).unwrap().median();
        if let Ok(bill) = trainer.bill(Flops(operations), Params(params)) {
            prop_assert!(bill.goodput > 0.0 && bill.goodput <= 1.0);
            prop_assert!(bill.total() >= bill.run && bill.wall.0 >= 0.0);
        }
    }
}
