"""Items of reasoning-gym 0.1.25 as it exports them, each with answers and what its own scorers give for them.

    python make.py > reasoning_gym.jsonl
"""

import json
import random

import reasoning_gym

SETS = [
    ("countdown", 8),
    ("chain_sum", 3),
    ("leg_counting", 3),
    ("spell_backward", 3),
    ("fraction_simplification", 3),
    ("number_sorting", 2),
    # Whose answer is None.
    ("graph_color", 1),
    ("propositional_logic", 1),
]


def countdown(item, draw):
    """Expressions of the numbers, some of which are right: the answer with its terms shown in other ways, and chance."""
    answer, numbers = item["answer"], item["metadata"]["numbers"]
    target = item["metadata"]["target"]
    yield from (f"({answer})", f"({answer}", f"{answer} =", f"{target}", "no idea")
    yield from (f"({answer})*1", f"{answer} + {target}", "+".join(map(str, numbers)))
    # Some of the numbers, where they make the target.
    yield from (f"{one}+{other}" for one in numbers for other in numbers if one + other == target)
    yield answer.replace("/1", "")
    for _ in range(6):
        order = draw.sample(numbers, len(numbers))
        yield "".join(f"{draw.choice('+-*/')}{number}" for number in order)[1:]


def main():
    draw = random.Random(1)
    for name, size in SETS:
        dataset = reasoning_gym.create_dataset(name, size=size, seed=7)
        items = list(dataset)
        for index, item in enumerate(items):
            answers = [item["answer"], items[index - 1]["answer"], ""]
            if name == "countdown":
                answers += countdown(item, draw)
            answers = [answer for answer in answers if answer is not None]
            scores = [[answer, dataset.score_answer(answer, item)] for answer in answers]
            print(json.dumps(item | {"scores": scores}))


main()
