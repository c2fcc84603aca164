//! What cannot be served, trained or priced says why, and what to do.

use proptest::prelude::*;
use triaxis_plan::serving::{Experts, Limit, Measured, ModelShape, ServingSetup, Speculation, Traffic};
use triaxis_plan::training::TrainingSetup;
use triaxis_units::{Params, Seconds, Tokens};

use crate::{catalogue, llama, on};

fn refused(setup: &ServingSetup, shape: ModelShape) -> String {
    setup.service(shape, &catalogue()).unwrap_err().to_string()
}

#[test]
fn of_a_model() {
    let shape = llama("3-8B");
    for (broken, said) in [
        (
            ModelShape {
                params: Params(0),
                ..shape.clone()
            },
            "model.params is 0",
        ),
        (
            ModelShape {
                layers: Some(0),
                ..shape.clone()
            },
            "model.layers is 0",
        ),
        (
            ModelShape {
                active: Some(Params(9_000_000_000)),
                ..shape.clone()
            },
            "more than there are",
        ),
        (
            ModelShape {
                experts: Some(Experts { count: 8, chosen: 2 }),
                ..shape.clone()
            },
            "without model.active",
        ),
        (
            ModelShape {
                experts: Some(Experts { count: 8, chosen: 9 }),
                ..shape.clone()
            },
            "9 chosen of 8",
        ),
        (
            ModelShape {
                query_heads: None,
                kv_heads: None,
                ..shape.clone()
            },
            "the model's cache is unknown",
        ),
        (
            ModelShape {
                params: Params(7),
                ..ModelShape::default()
            },
            "the model's cache is unknown",
        ),
    ] {
        let error = refused(&on("H100 SXM", 1), broken);
        assert!(error.contains(said), "{said}: {error}");
    }
    let error = toml::from_str::<ModelShape>("params = \"8B\"\nheads = 4")
        .unwrap_err()
        .to_string();
    assert!(error.contains("unknown field `heads`"), "{error}");
}

#[test]
fn of_a_server() {
    let one = on("H100 SXM", 1);
    for (broken, said) in [
        (on("H10 SXM", 1), "did you mean `H100 SXM`?"),
        (on("H100 SXM", 0), "serving.devices is 0"),
        (
            ServingSetup {
                weight_bytes: 0.0,
                ..one.clone()
            },
            "serving.weight_bytes is 0",
        ),
        (
            ServingSetup {
                cache_bytes: f64::NAN,
                ..one.clone()
            },
            "serving.cache_bytes is NaN",
        ),
        (
            ServingSetup {
                memory_share: 1.5,
                ..one.clone()
            },
            "serving.memory_share is 1.5",
        ),
        (
            ServingSetup {
                speculation: Some(Speculation {
                    acceptance: 1.5,
                    drafts: 4,
                    draft_cost: 0.1,
                }),
                ..one.clone()
            },
            "speculation.acceptance is 1.5",
        ),
        (
            ServingSetup {
                speculation: Some(Speculation {
                    acceptance: 0.5,
                    drafts: 0,
                    draft_cost: 0.1,
                }),
                ..one.clone()
            },
            "leave [speculation] out",
        ),
    ] {
        let error = refused(&broken, llama("3-8B"));
        assert!(error.contains(said), "{said}: {error}");
    }
    let error = refused(&one, llama("3-70B"));
    assert!(
        error.contains("hold 72 GB of the 141 GB of weights: take 2 devices or more"),
        "{error}"
    );
    let error = refused(&on("H100 SXM", 4), ModelShape::of(Params(8_030_000_000), 65_536));
    assert!(error.contains("without `layers` and `hidden`"), "{error}");
    let mut own = catalogue().find("L4").unwrap().clone();
    own.price_date = String::new();
    let error = on("L4", 1).service(
        ModelShape::of(Params(1_000_000_000), 1),
        &catalogue().with([own]).unwrap(),
    );
    assert!(error.unwrap_err().to_string().contains("is without its day"));
}

#[test]
fn of_a_measurement() {
    let point = Measured {
        token: Some(Seconds(0.010)),
        tokens_per_second: None,
        batch: 1.0,
        context: Tokens(512),
        prefill: None,
    };
    for (broken, said) in [
        (Measured { token: None, ..point }, "needs one of `token`"),
        (
            Measured {
                tokens_per_second: Some(5.0),
                ..point
            },
            "needs one of `token`",
        ),
        (
            Measured {
                token: Some(Seconds(10.0)),
                ..point
            },
            "is its unit right, as in \"12ms\"",
        ),
        (
            Measured {
                token: Some(Seconds(1e-5)),
                ..point
            },
            "cannot be faster than",
        ),
        (
            Measured {
                token: Some(Seconds(0.0)),
                ..point
            },
            "measured.token is 0",
        ),
        (Measured { batch: 0.0, ..point }, "measured.batch is 0"),
        (
            Measured {
                prefill: Some(Seconds(1e-6)),
                ..point
            },
            "measured.prefill",
        ),
        (
            Measured {
                token: None,
                tokens_per_second: Some(0.0),
                ..point
            },
            "measured.token is inf",
        ),
    ] {
        let setup = ServingSetup {
            measured: Some(broken),
            ..on("H100 SXM", 1)
        };
        let error = refused(&setup, llama("3-8B"));
        assert!(error.contains(said), "{said}: {error}");
    }
}

#[test]
fn of_traffic() {
    let server = on("H100 SXM", 1)
        .service(llama("3-8B"), &catalogue())
        .unwrap()
        .median();
    for (traffic, batch, said) in [
        (Traffic::of(0.0, 1.0), 1.0, "traffic.prompt is 0"),
        (Traffic::of(1.0, 0.0), 1.0, "traffic.output is 0"),
        (
            Traffic {
                cached: 2.0,
                ..Traffic::of(1.0, 1.0)
            },
            1.0,
            "traffic.cached is 2",
        ),
        (
            Traffic {
                samples: 0.0,
                ..Traffic::of(1.0, 1.0)
            },
            1.0,
            "traffic.samples is 0",
        ),
        (Traffic::of(50_000.0, 1.0), 9.0, "a batch of 9 does not fit"),
        (Traffic::of(50_000.0, 1.0), 0.0, "a batch of 0 does not fit"),
        (
            Traffic::of(50_000.0, 1.0),
            f64::NAN,
            "a batch of NaN does not fit",
        ),
    ] {
        let error = server.bill(&traffic, batch).unwrap_err().to_string();
        assert!(error.contains(said), "{said}: {error}");
    }
    let error = server
        .cheapest(&Traffic::of(1e6, 1.0), Limit::default())
        .unwrap_err()
        .to_string();
    assert!(error.contains("take more devices, a shorter context"), "{error}");
}

#[test]
fn of_a_training() {
    for (text, said) in [
        ("hardware = \"H10\"", "did you mean `H100"),
        ("devices = 0", "training.devices is 0"),
        ("state_bytes = 0", "training.state_bytes is 0"),
        ("memory_share = 2.0", "training.memory_share is 2"),
        (
            "[failures]\ndevice_time = 0",
            "training.failures.device_time is 0",
        ),
    ] {
        let setup: TrainingSetup = toml::from_str(text).unwrap();
        let error = setup.service(&catalogue()).unwrap_err().to_string();
        assert!(error.contains(said), "{text}: {error}");
    }
    let error = toml::from_str::<TrainingSetup>("price_per_hour = \"$2\"")
        .unwrap_err()
        .to_string();
    assert!(error.contains("without its day"), "{error}");
    let often: TrainingSetup = toml::from_str("devices = 100000\n[failures]\ndevice_time = \"10h\"").unwrap();
    let trainer = often.service(&catalogue()).unwrap().median();
    let error = trainer
        .bill("1e24".parse().unwrap(), Params(1_000_000_000))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("nothing gets trained; take fewer devices"),
        "{error}"
    );
}

proptest! {
    #[test]
    fn no_figures_make_a_server_panic(
        params in 0u64..(1 << 53), layers in 0u64..1000, heads in 0u64..1000, devices in 0u64..u64::MAX,
        bytes in 1e-3f64..1e3, prompt in 0.0f64..1e9, output in 0.0f64..1e9, batch in 0.0f64..1e9,
        limit in 0.0f64..1e3,
    ) {
        let shape = ModelShape {
            params: Params(params),
            layers: Some(layers),
            hidden: Some(4096),
            query_heads: Some(heads),
            ..ModelShape::default()
        };
        let setup = ServingSetup { weight_bytes: bytes, cache_bytes: bytes, ..on("H200 SXM", devices) };
        if let Ok(service) = setup.service(shape, &catalogue()) {
            let traffic = Traffic::of(prompt, output);
            let server = service.median();
            if let Ok(bill) = server.bill(&traffic, batch) {
                prop_assert!(bill.dollars_per_request > 0.0 && bill.dollars_per_request.is_finite());
            }
            let limit = Limit { token: Some(Seconds(limit)), request: None };
            if let Ok(bill) = server.cheapest(&traffic, limit) {
                prop_assert!(bill.batch >= 1.0 && bill.token_seconds <= limit.token.unwrap().0);
            }
        }
    }
}
