//! The roofline of decoding and prompts, by numbers worked out apart from it.

use proptest::prelude::*;
use triaxis_plan::serving::{
    Bound, Experts, Limit, Measured, ModelShape, ServingSetup, Speculation, Traffic,
};
use triaxis_plan::watt_hours;
use triaxis_units::{Params, Seconds, Tokens};

use crate::{catalogue, llama, near, on, price, share};

/// 8.03B parameters of which only the cache is known, on an H100 at $2.50.
fn eight_billion() -> triaxis_plan::serving::Server {
    let setup = ServingSetup {
        price_per_hour: price(2.5),
        ..on("H100 SXM", 1)
    };
    let shape = ModelShape::of(Params(8_030_000_000), 65_536);
    setup.service(shape, &catalogue()).unwrap().median()
}

#[test]
fn eight_billion_parameters_on_one_device() {
    let server = eight_billion();
    let traffic = Traffic::of(2047.5, 1.0);
    for (batch, milliseconds, dollars, half) in [
        (1.0, 8.12, 5.64, 0.005),
        (8.0, 9.06, 0.786, 0.0005),
        (32.0, 12.3, 0.266, 0.0005),
        (128.0, 25.1, 0.136, 0.0005),
        (208.0, 35.8, 0.119, 0.0005),
    ] {
        let bill = server.bill(&traffic, batch).unwrap();
        near(
            1e3 * server.step(batch, 2048.0).seconds(),
            milliseconds,
            if batch < 32.0 { 0.005 } else { 0.05 },
        );
        near(bill.dollars_per_million_out, dollars, half);
        near(bill.dollars_per_million_in, 0.0225, 0.00005);
        assert_eq!(server.step(batch, 2048.0).bound(), Bound::Memory);
    }
}

#[test]
fn the_batch_that_memory_allows() {
    let server = eight_billion();
    for (context, most, half) in [
        (2048.0, 208.0, 0.5),
        (8192.0, 52.0, 0.5),
        (50_000.0, 8.5, 0.05),
        (131_072.0, 3.3, 0.05),
    ] {
        near(server.batch_limit(context), most, half);
    }
    // Eight bits a value double it.
    let setup = ServingSetup {
        cache_bytes: 1.0,
        ..on("H100 SXM", 1)
    };
    let halved = setup
        .service(ModelShape::of(Params(8_030_000_000), 65_536), &catalogue())
        .unwrap()
        .median();
    near(
        halved.batch_limit(8192.0) / server.batch_limit(8192.0),
        2.0,
        1e-12,
    );
}

#[test]
fn the_cache_of_a_token() {
    for (which, bytes) in [
        ("2-7B", 524_288.0),
        ("3-8B", 131_072.0),
        ("3-70B", 327_680.0),
        ("3-405B", 516_096.0),
    ] {
        assert_eq!(2.0 * llama(which).cache_values(), bytes, "{which}");
    }
    let deepseek = ModelShape {
        params: Params(671_000_000_000),
        active: Some(Params(37_000_000_000)),
        layers: Some(61),
        latent: Some(512 + 64),
        ..ModelShape::default()
    };
    deepseek.validate().unwrap();
    assert_eq!(2.0 * deepseek.cache_values(), 70_272.0);
}

#[test]
fn experts_that_a_step_reads() {
    let mixtral = Experts { count: 8, chosen: 2 };
    for (tokens, percent) in [(1.0, 25.0), (8.0, 90.0), (64.0, 100.0)] {
        near(100.0 * mixtral.touched(tokens), percent, 0.5);
    }
    let fine = Experts {
        count: 256,
        chosen: 8,
    };
    for (tokens, percent, half) in [
        (1.0, 3.0, 0.5),
        (8.0, 22.0, 0.5),
        (64.0, 87.0, 0.5),
        (256.0, 99.97, 0.005),
    ] {
        near(100.0 * fine.touched(tokens), percent, half);
    }
    let shape = ModelShape {
        params: Params(46_700_000_000),
        active: Some(Params(12_900_000_000)),
        experts: Some(mixtral),
        ..llama("3-8B")
    };
    near(shape.read(1.0), 12.9e9, 1.0);
    near(shape.read(1e6), 46.7e9, 1.0);
    assert_eq!(shape.active(), 12.9e9);
}

#[test]
fn where_arithmetic_takes_over() {
    for (device, tokens) in [("A100 SXM 80GB", 153.0), ("H100 SXM", 295.0), ("H200 SXM", 206.0)] {
        let catalogue = catalogue();
        let row = catalogue.find(device).unwrap();
        near(row.peak.0 / row.bandwidth.as_f64(), tokens, 0.5);
        // Without a cache, and at full use of both, that many rows take as long by arithmetic as by memory.
        let setup = ServingSetup {
            mbu: share(1.0),
            mfu: share(1.0),
            ..on(device, 1)
        };
        let server = setup.service(llama("3-8B"), &catalogue).unwrap().median();
        let step = server.step(tokens, 0.0);
        near(step.arithmetic / step.memory, 1.0, 0.005);
    }
}

#[test]
fn drafts_help_until_arithmetic_is_the_limit() {
    let drafting = |acceptance, drafts| Speculation {
        acceptance,
        drafts,
        draft_cost: 0.05,
    };
    near(drafting(0.8, 4).speed_up(), 2.80, 0.005);
    near(drafting(0.8, 1).best(32).speed_up(), 3.09, 0.005);
    assert_eq!(drafting(0.8, 1).best(32).drafts, 8);
    near(drafting(0.6, 5).speed_up(), 1.91, 0.005);
    assert_eq!(drafting(1.0, 4).tokens(), 5.0);
    let plain = on("H100 SXM", 1);
    let drafts = ServingSetup {
        speculation: Some(drafting(0.8, 4)),
        ..plain.clone()
    };
    let [plain, drafts] =
        [plain, drafts].map(|setup| setup.service(llama("3-8B"), &catalogue()).unwrap().median());
    let faster = |batch, context| plain.token_seconds(batch, context) / drafts.token_seconds(batch, context);
    near(faster(1.0, 512.0), 2.80, 0.005);
    assert!(faster(32.0, 512.0) <= faster(1.0, 512.0));
    assert_eq!(faster(4096.0, 1.0), 1.0);
}

#[test]
fn quantised_weights_help_decoding_and_not_prompts() {
    let full = on("H100 SXM", 1)
        .service(llama("3-8B"), &catalogue())
        .unwrap()
        .median();
    let setup = ServingSetup {
        weight_bytes: 0.5,
        ..on("H100 SXM", 1)
    };
    let quantised = setup.service(llama("3-8B"), &catalogue()).unwrap().median();
    near(
        full.step(1.0, 0.0).seconds() / quantised.step(1.0, 0.0).seconds(),
        4.0,
        1e-9,
    );
    near(
        full.prefill_step(4096.0, 4096.0).seconds(),
        quantised.prefill_step(4096.0, 4096.0).seconds(),
        1e-15,
    );
    let lower = ServingSetup {
        weight_bytes: 1.0,
        arithmetic: 2.0,
        ..on("H100 SXM", 1)
    };
    let lower = lower.service(llama("3-8B"), &catalogue()).unwrap().median();
    near(
        full.prefill_step(4096.0, 4096.0).seconds() / lower.prefill_step(4096.0, 4096.0).seconds(),
        2.0,
        1e-9,
    );
}

#[test]
fn energy_of_a_request() {
    near(watt_hours(0.7 * 11.3, 1.2, 0.3), 0.79, 0.005);
    let bill = eight_billion().bill(&Traffic::of(1000.0, 300.0), 32.0).unwrap();
    // One H100's share of its server, for the seconds that the request keeps it busy.
    let seconds = bill.request_seconds / 32.0;
    near(
        bill.watt_hours_per_request.unwrap(),
        1.2 * 0.7 * 1.275 * seconds / 3.6,
        1e-12,
    );
    let unknown = on("L40S", 1)
        .service(llama("3-8B"), &catalogue())
        .unwrap()
        .median();
    assert_eq!(
        unknown
            .bill(&Traffic::of(100.0, 10.0), 1.0)
            .unwrap()
            .watt_hours_per_request,
        None
    );
}

#[test]
fn cached_prompts_and_shared_ones_cost_less() {
    let server = eight_billion();
    let plain = Traffic::of(4000.0, 200.0);
    let cached = Traffic {
        cached: 0.75,
        ..plain
    };
    let [plain, cached] = [plain, cached].map(|traffic| server.bill(&traffic, 16.0).unwrap());
    near(cached.prefill_seconds / plain.prefill_seconds, 0.25, 1e-9);
    near(
        cached.dollars_per_million_out,
        plain.dollars_per_million_out,
        1e-12,
    );
    let all = Traffic {
        cached: 1.0,
        ..Traffic::of(4000.0, 200.0)
    };
    assert_eq!(server.bill(&all, 16.0).unwrap().dollars_per_million_in, 0.0);
    // Four answers side by side read their prompt once.
    let four = Traffic {
        samples: 4.0,
        ..Traffic::of(4000.0, 200.0)
    };
    let four = server.bill(&four, 16.0).unwrap();
    let saved = 4.0 * plain.dollars_per_request - four.dollars_per_request;
    near(saved, 3.0 * plain.prefill_seconds * 2.5 / 3600.0, 1e-12);
}

#[test]
fn the_cheapest_batch_is_the_largest_within_the_limit() {
    let server = eight_billion();
    let traffic = Traffic::of(1500.0, 500.0);
    let open = server.cheapest(&traffic, Limit::default()).unwrap();
    assert_eq!(open.batch, server.batch_limit(2000.0).floor());
    let limit = Limit {
        token: Some(Seconds(0.020)),
        request: None,
    };
    let held = server.cheapest(&traffic, limit).unwrap();
    assert!(held.token_seconds <= 0.020 && held.batch < open.batch);
    assert!(server.bill(&traffic, held.batch + 1.0).unwrap().token_seconds > 0.020);
    for batch in 1..open.batch as u32 {
        let other = server.bill(&traffic, f64::from(batch)).unwrap();
        assert!(other.token_seconds > 0.020 || other.dollars_per_request >= held.dollars_per_request);
    }
    let impossible = Limit {
        token: Some(Seconds(0.001)),
        request: None,
    };
    let refused = server.cheapest(&traffic, impossible).unwrap_err().to_string();
    assert!(
        refused.contains("out of reach") && refused.contains("8.1ms a token"),
        "{refused}"
    );
}

#[test]
fn a_request_stays_for_as_long_as_a_simulated_one() {
    // A server that decodes its batch step by step and reads a prompt whenever an answer leaves.
    let server = eight_billion();
    let (traffic, batch) = (Traffic::of(1000.0, 100.0), 8.0);
    let bill = server.bill(&traffic, batch).unwrap();
    let (step, prefill) = (
        server.token_seconds(batch, traffic.context()),
        bill.prefill_seconds,
    );
    let (mut clock, mut left, mut began) = (0.0, [0.0; 8], [0.0; 8]);
    for (slot, tokens) in left.iter_mut().enumerate() {
        *tokens = 12.5 * (slot + 1) as f64;
    }
    let (mut stays, mut answers) = (0.0, 0.0);
    for _ in 0..20_000 {
        clock += step;
        for slot in 0..8 {
            left[slot] -= 1.0;
            if left[slot] <= 0.0 {
                if clock > 10.0 {
                    stays += clock - began[slot];
                    answers += 1.0;
                }
                began[slot] = clock;
                clock += prefill;
                left[slot] += 100.0;
            }
        }
    }
    near(stays / answers / bill.request_seconds, 1.0, 0.01);
}

#[test]
fn one_measured_point_brings_the_reckoning_to_it() {
    let measured = Measured {
        token: Some(Seconds(0.010)),
        tokens_per_second: None,
        batch: 8.0,
        context: Tokens(2048),
        prefill: Some(Seconds(0.100)),
    };
    let setup = ServingSetup {
        measured: Some(measured),
        ..on("H100 SXM", 1)
    };
    let shape = ModelShape::of(Params(8_030_000_000), 65_536);
    let service = setup.service(shape.clone(), &catalogue()).unwrap();
    let server = service.median();
    near(server.step(8.0, 2048.0).seconds(), 0.010, 1e-12);
    near(server.prefill_step(2048.0, 2048.0).seconds(), 0.100, 1e-12);
    // Tokens a second of all requests together say the same.
    let by_rate = ServingSetup {
        measured: Some(Measured {
            token: None,
            tokens_per_second: Some(800.0),
            ..measured
        }),
        ..setup.clone()
    };
    let by_rate = by_rate.service(shape.clone(), &catalogue()).unwrap().median();
    near(by_rate.step(8.0, 2048.0).seconds(), 0.010, 1e-12);
    // With drafts the measured time is that of their tokens.
    let drafts = ServingSetup {
        speculation: Some(Speculation {
            acceptance: 0.8,
            drafts: 4,
            draft_cost: 0.05,
        }),
        measured: Some(Measured {
            token: Some(Seconds(0.004)),
            ..measured
        }),
        ..setup.clone()
    };
    let drafts = drafts.service(shape.clone(), &catalogue()).unwrap().median();
    near(drafts.token_seconds(8.0, 2048.0), 0.004, 1e-12);
    // The interval is narrow at the point, wider away from it, and never wider than without one.
    let width = |batch, context| {
        let factor = service.calibration().decode(batch, context);
        (factor.high() - factor.low()) / factor.value()
    };
    near(width(8.0, 2048.0), 0.30, 1e-12);
    near(width(80.0, 2048.0), 0.60, 1e-12);
    near(width(1.0, 131_072.0), 0.84, 0.05);
    let uncalibrated = on("H100 SXM", 1).service(shape, &catalogue()).unwrap();
    let factor = uncalibrated.calibration().decode(8.0, 2048.0);
    assert_eq!((factor.low(), factor.high()), (0.6, 1.4));
}

proptest! {
    #[test]
    fn more_together_is_slower_for_each_and_cheaper_for_all(
        batch in 1.0f64..100.0, more in 1.0f64..100.0, context in 1.0f64..1e4, devices in 1u64..9,
        chosen in 1u64..=16, drafts in 0u64..8,
    ) {
        let shape = ModelShape {
            active: Some(Params(3_000_000_000)),
            experts: (chosen < 16).then_some(Experts { count: 16, chosen }),
            ..llama("3-8B")
        };
        let setup = ServingSetup {
            speculation: (drafts > 0).then_some(Speculation { acceptance: 0.7, drafts, draft_cost: 0.1 }),
            ..on("H200 SXM", devices)
        };
        let server = setup.service(shape, &catalogue()).unwrap().median();
        let few = server.token_seconds(batch, context);
        let many = server.token_seconds(batch + more, context);
        prop_assert!(few > 0.0 && many >= few * (1.0 - 1e-12));
        prop_assert!(many / (batch + more) <= few / batch * (1.0 + 1e-12));
        prop_assert!(server.token_seconds(batch, 2.0 * context) >= few);
    }
}
