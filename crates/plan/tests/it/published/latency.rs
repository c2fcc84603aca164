//! Measured latencies of engines: what the roofline says of them, and Erdil's.

use std::sync::LazyLock;

use triaxis_plan::serving::{Experts, ModelShape, ServingSetup};
use triaxis_plan::{Hardware, Share, Uncertain};
use triaxis_units::{Bytes, Dollars, Flops, Params};

use crate::study::{Row, Study};
use crate::{catalogue, llama, on, share, table};

pub(crate) static STUDY: Study = Study {
    title: "Latencies: Erdil 2025, and engines as measured",
    files: "cost-checks/latency.csv",
    differs: "Erdil's formula with his device, without a context. Then the share of the bandwidth that measured steps used, and \
        what the default setup (.6 of the bandwidth, .5 of the peak, Erdil's latency) says of the same steps, over the \
        measured times: five of six within the ± 40% of an uncalibrated reckoning, DeepSeek-V2 is not. The last row takes \
        the factor of one A100 to two.",
    rows: LazyLock::new(|| {
        let measured = table("cost-checks/latency.csv")?;
        let mut rows = erdil();
        let (mut uses, mut ratios) = (Vec::new(), Vec::new());
        for row in &measured {
            let number = |column: &str| row[column].parse::<f64>().unwrap();
            let (hardware, shape) = setup(&row["gpu"], &row["model"]);
            let setup = on(hardware, number("tensor_parallel") as u64);
            let server = setup.service(shape, &catalogue()).unwrap().median();
            let context = number("input_tokens") + 0.5 * number("output_tokens");
            let seconds = 1e-3 * number("decode_ms_per_token");
            // Of the weights alone, but the first of its cache, too: so the shares to be reproduced count.
            let seen = if uses.is_empty() { context } else { 0.0 };
            uses.push(100.0 * server.bandwidth_use(1.0, seen, seconds));
            ratios.push(server.step(1.0, context).seconds() / seconds);
        }
        for (name, used, expected) in [
            ("Llama-3.1-8B", uses[2], 15.0),
            ("Llama-3.1-70B", uses[3], 49.0),
            ("Mixtral-8x7B", uses[4], 25.0),
        ] {
            let what = format!("{name}, vLLM on 8 H200: share of the bandwidth, %");
            rows.push(Row::near(what, used, expected, 0.5).published("–"));
        }
        let ideal = Row::near(
            "13B, FasterTransformer on an A100: share of the bandwidth, %",
            uses[0],
            78.0,
            1.0,
        );
        rows.push(ideal.published("–"));
        let within = ratios.iter().filter(|ratio| (*ratio - 1.0).abs() <= 0.4).count();
        let shown: Vec<String> = ratios.iter().map(|ratio| format!("{ratio:.2}")).collect();
        rows.push(Row::holds(
            "reckoned over measured, five of six within 40%",
            within == 5,
            shown.join(", "),
        ));
        let carried = ratios[1] / ratios[0];
        rows.push(
            Row::near(
                "two A100 with the factor of one: reckoned over measured",
                carried,
                0.88,
                0.01,
            )
            .published("–"),
        );
        Some(rows)
    }),
};

fn setup(device: &str, model: &str) -> (&'static str, ModelShape) {
    let hardware = match device {
        "A100-40GB" => "A100 SXM 40GB",
        "H200" => "H200 SXM",
        _ => panic!("{device}"),
    };
    let of = |params: u64, active: u64, layers, hidden, heads, kv| ModelShape {
        params: Params(params),
        active: Some(Params(active)),
        layers: Some(layers),
        hidden: Some(hidden),
        query_heads: Some(heads),
        kv_heads: Some(kv),
        ..ModelShape::default()
    };
    let shape = match model {
        "13B fp16" => of(13_000_000_000, 13_000_000_000, 40, 5120, 40, 40),
        "Llama-3.1-8B bf16" => llama("3-8B"),
        "Llama-3.1-70B bf16" => llama("3-70B"),
        "Mixtral-8x7B bf16" => ModelShape {
            experts: Some(Experts { count: 8, chosen: 2 }),
            ..of(46_700_000_000, 12_900_000_000, 32, 4096, 32, 8)
        },
        "DeepSeek-V2-Chat bf16" => ModelShape {
            experts: Some(Experts {
                count: 160,
                chosen: 6,
            }),
            latent: Some(512 + 64),
            ..of(236_000_000_000, 21_000_000_000, 60, 5120, 128, 128)
        },
        _ => panic!("{model}"),
    };
    (hardware, shape)
}

/// Llama 3 70B on his H100, by the devices that serve it.
fn erdil() -> Vec<Row> {
    let his = Hardware {
        name: "Erdil's H100".to_owned(),
        peak: Flops(1e15),
        memory: Bytes(80_000_000_000),
        bandwidth: Bytes(3_300_000_000_000),
        price_per_hour: Dollars(2.1),
        link: None,
        ..catalogue().find("H100 SXM").unwrap().clone()
    };
    let catalogue = catalogue().with([his]).unwrap();
    let seconds = |devices: u64| {
        let setup = ServingSetup {
            mbu: share(1.0),
            mfu: share(1.0),
            price_per_hour: None,
            utilisation: Uncertain::certain(Share(1.0)),
            ..on("Erdil's H100", devices)
        };
        let server = setup.service(llama("3-70B"), &catalogue).unwrap().median();
        server.step(1.0, 0.0).seconds()
    };
    let best = (2..=64)
        .min_by(|one, other| seconds(*one).total_cmp(&seconds(*other)))
        .unwrap();
    vec![
        Row::near(
            "Erdil, Llama 3 70B: devices of least latency",
            best as f64,
            26.0,
            0.5,
        ),
        Row::near(
            "Erdil: its latency of a token, ms",
            1e3 * seconds(best),
            6.19,
            0.005,
        ),
        Row::near("Erdil: tokens a second", 1.0 / seconds(best), 162.0, 0.5),
    ]
}

#[test]
fn reproduces() {
    STUDY.check();
}
