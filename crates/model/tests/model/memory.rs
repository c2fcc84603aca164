//! Every mixer goes on from what it remembers as it goes over whole sequences.

use burn::tensor::{Device, Int, Tensor, TensorData};
use triaxis_kernels::Implementation;
use triaxis_model::{Memory, Model, Span, Stack, ops, weights};
use triaxis_random::Stream;

/// Lengths around those of tiles and chunks.
const LENGTHS: [usize; 5] = [1, 15, 16, 17, 257];

/// Every example with room for the longest sequence.
fn stacks() -> impl Iterator<Item = Stack> {
    let roomy = |stack: Stack| Stack {
        context: 300,
        learned_positions: stack.learned_positions.map(|_| 300),
        ..stack
    };
    Stack::examples().into_iter().map(roomy)
}

/// A model away from its initial weights, so that no gain is one.
fn model(stack: &Stack, device: &Device) -> Model {
    let model = stack.build(0, device).unwrap();
    let mut at = weights::read(&model);
    for (name, weight) in &mut at {
        let mut stream = Stream::new(1, name, 0);
        let values = weight.values.iter_mut();
        values.for_each(|value| *value += 0.1 * stream.normal() as f32);
    }
    weights::write(model, &at).unwrap()
}

/// Tokens of some sequences, `[sequences, length]`.
fn tokens(stack: &Stack, sequences: usize, length: usize) -> Vec<Vec<i64>> {
    let sequence = |sequence: usize| {
        let mut stream = Stream::new(7, "tokens", sequence as u64);
        let token = |_| (stream.uniform() * stack.vocabulary as f64) as i64;
        (0..length).map(token).collect()
    };
    (0..sequences).map(sequence).collect()
}

fn tensor(tokens: &[&[i64]]) -> Tensor<2, Int> {
    let (sequences, length) = (tokens.len(), tokens[0].len());
    let data = TensorData::new(tokens.concat(), [sequences, length]);
    Tensor::from_data(data, &Device::flex())
}

fn values(logits: Tensor<2>) -> Vec<f32> {
    logits.into_data().iter().collect()
}

/// The scores of whole sequences.
fn whole(model: &Model, tokens: &[&[i64]]) -> Vec<f32> {
    values(model.logits(tensor(tokens)).unwrap())
}

/// The scores of one sequence in pieces that end at `ends`.
fn in_pieces(model: &Model, tokens: &[i64], ends: impl IntoIterator<Item = usize>) -> (Vec<f32>, Memory) {
    let (mut scores, mut memory, mut start) = (Vec::new(), [Memory::default()], 0);
    for end in ends {
        scores.extend(values(
            model.step(tensor(&[&tokens[start..end]]), &mut memory).unwrap(),
        ));
        start = end;
    }
    let [memory] = memory;
    (scores, memory)
}

fn assert_close(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let scale = expected.iter().fold(1f32, |scale, value| scale.max(value.abs()));
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (found - expected).abs() / scale;
        assert!(error <= 2e-5, "{what}: {found} against {expected} at {index}");
    }
}

#[test]
fn steps_along_a_sequence_and_any_split_of_it_are_the_whole() {
    for implementation in [Implementation::Fused, Implementation::Composed] {
        implementation.run(|| {
            for stack in stacks() {
                let model = model(&stack, &Device::flex());
                for length in LENGTHS {
                    let tokens = tokens(&stack, 1, length).remove(0);
                    let expected = whole(&model, &[&tokens]);
                    let what = |how: &str| format!("{stack:?}, {length} positions {how}");
                    if length < 100 {
                        let (steps, memory) = in_pieces(&model, &tokens, 1..=length);
                        assert_close(&steps, &expected, &what("one by one"));
                        assert_eq!(memory.numbers() as u64, stack.remembered(length), "{stack:?}");
                    }
                    for split in [1, 15, 16, 17, 64, 129]
                        .into_iter()
                        .filter(|&split| split < length)
                    {
                        let (split_up, memory) = in_pieces(&model, &tokens, [split, length]);
                        assert_close(&split_up, &expected, &what(&format!("split at {split}")));
                        assert_eq!(memory.position(), length);
                        assert_eq!(memory.numbers() as u64, stack.remembered(length), "{stack:?}");
                    }
                }
            }
        });
    }
}

#[test]
fn sequences_of_a_batch_do_not_see_each_other() {
    for stack in stacks() {
        let model = model(&stack, &Device::flex());
        let tokens = tokens(&stack, 8, 21);
        let all: Vec<&[i64]> = tokens.iter().map(Vec::as_slice).collect();
        let together = whole(&model, &all);
        let alone: Vec<f32> = all.iter().flat_map(|tokens| whole(&model, &[tokens])).collect();
        assert_close(&together, &alone, &format!("{stack:?}"));

        // Sequences that stand at different positions go on in one step.
        let before: Vec<usize> = (0..8).map(|sequence| 2 * sequence + 1).collect();
        let mut memories: Vec<Memory> = all
            .iter()
            .zip(&before)
            .map(|(tokens, &before)| in_pieces(&model, tokens, [before]).1)
            .collect();
        let next: Vec<&[i64]> = all
            .iter()
            .zip(&before)
            .map(|(tokens, &before)| &tokens[before..before + 3])
            .collect();
        let together = values(model.step(tensor(&next), &mut memories).unwrap());
        let vocabulary = stack.vocabulary;
        let alone: Vec<f32> = all
            .iter()
            .zip(&before)
            .flat_map(|(tokens, &before)| {
                whole(&model, &[&tokens[..before + 3]])[before * vocabulary..].to_vec()
            })
            .collect();
        assert_close(&together, &alone, &format!("{stack:?} from different positions"));
    }
}

#[test]
fn operations_of_steps_equal_the_products_that_ran() {
    for stack in stacks() {
        let model = model(&stack, &Device::flex());
        let tokens = tokens(&stack, 1, 40).remove(0);
        for (before, length) in [(0, 1), (0, 17), (16, 1), (17, 16), (20, 20)] {
            let mut memory = match before {
                0 => [Memory::default()],
                _ => [in_pieces(&model, &tokens, [before]).1],
            };
            let next = tensor(&[&tokens[before..before + length]]);
            let (_, ran) = Implementation::Composed
                .run(|| ops::count_products(|| model.step(next, &mut memory).unwrap()));
            let counted = stack.operations(Span { length, before }).total().0;
            assert_eq!(counted, ran, "{length} after {before} of {stack:?}");
        }
    }
}

/// What only stands for a memory takes the room of one, and is stepped on from.
#[test]
fn a_memory_of_more_positions_has_their_size() {
    for stack in stacks() {
        let model = model(&stack, &Device::flex());
        assert!(Memory::default().repeated(9).is_none());
        let (_, memory) = in_pieces(&model, &tokens(&stack, 1, 12)[0], [12]);
        assert!(memory.repeated(11).is_none());
        let memory = memory.repeated(200).unwrap();
        assert_eq!(memory.position(), 200);
        assert_eq!(memory.numbers() as u64, stack.remembered(200), "{stack:?}");
        let mut memory = [memory];
        for position in 201..240 {
            let scores = values(model.step(tensor(&[&[1]]), &mut memory).unwrap());
            assert!(scores.iter().all(|score| score.is_finite()), "{stack:?}");
            assert_eq!(
                memory[0].numbers() as u64,
                stack.remembered(position),
                "{stack:?}"
            );
        }
    }
}

#[test]
fn a_fork_goes_on_by_itself() {
    for stack in stacks() {
        let model = model(&stack, &Device::flex());
        let tokens = tokens(&stack, 1, 12).remove(0);
        let (_, memory) = in_pieces(&model, &tokens, [9]);
        let mut fork = [memory.clone()];
        model.step(tensor(&[&[0, 1, 2]]), &mut fork).unwrap();
        let mut memory = [memory];
        let last = values(model.step(tensor(&[&tokens[9..]]), &mut memory).unwrap());
        let whole = whole(&model, &[&tokens]);
        assert_close(&last, &whole[9 * stack.vocabulary..], &format!("{stack:?}"));
    }
}

#[test]
fn steps_that_do_not_fit_are_refused() {
    for stack in Stack::examples() {
        let model = model(&stack, &Device::flex());
        let tokens = vec![0; stack.context];
        let (_, memory) = in_pieces(&model, &tokens, [stack.context]);
        let error = model
            .step(tensor(&[&[0]]), &mut [memory])
            .unwrap_err()
            .to_string();
        assert!(error.contains("context"), "{error}");
        let error = model.step(tensor(&[&[0]]), &mut []).unwrap_err().to_string();
        assert!(error.contains("memories"), "{error}");
    }
}
