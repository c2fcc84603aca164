"""The keys that a trainer's configuration accepts, read from its own source without running it.

    python3 keys.py TRAINER FOLDER COMMIT > TRAINER.keys

FOLDER is a work tree of the repository at COMMIT. A line is `Class.field` of a dataclass (or the argument of a
function) of torchtitan, nanotron and levanter, and a flag of Megatron-LM's command line.
"""

import ast
import pathlib
import sys

REPOSITORIES = {
    "torchtitan": "pytorch/torchtitan",
    "megatron": "NVIDIA/Megatron-LM",
    "nanotron": "huggingface/nanotron",
    "levanter": "stanford-crfm/levanter",
}

# File, class or function, and what configurations call it.
NAMED = {
    "torchtitan": [
        ("torchtitan/trainer.py", "Trainer.Config"),
        ("torchtitan/config/configs.py", "TrainingConfig"),
        ("torchtitan/config/configs.py", "ParallelismConfig"),
        ("torchtitan/config/configs.py", "DebugConfig"),
        ("torchtitan/components/optimizer/optimizer.py", "default_adamw"),
        ("torchtitan/components/optimizer/lr_scheduler.py", "LRSchedulersContainer.Config"),
        ("torchtitan/components/checkpointer/dcp.py", "CheckpointManager.Config"),
        ("torchtitan/components/loss.py", "ChunkedLossWrapper.Config"),
        ("torchtitan/components/loss.py", "CrossEntropyLoss.Config"),
        ("torchtitan/components/data/loader.py", "GrainDataLoader.Config"),
        ("torchtitan/components/data/dataset.py", "SingleDatasetConfig"),
        ("torchtitan/components/data/dataset.py", "DatasetMixConfig"),
        ("torchtitan/components/data/dataset.py", "WeightedDataset"),
        ("torchtitan/components/data/packing.py", "ConcatThenSplitPackingConfig"),
        ("torchtitan/components/data/sources.py", "IndexedJsonlSource.Config"),
        ("torchtitan/hf_datasets/text_datasets.py", "TextProcessor.Config"),
        ("torchtitan/models/llama3/model.py", "Llama3Model.Config"),
        ("torchtitan/models/llama3/__init__.py", "_build_llama3_layers"),
        ("torchtitan/models/common/embedding.py", "Embedding.Config"),
        ("torchtitan/models/common/linear.py", "Linear.Config"),
        ("torchtitan/models/common/nn_modules.py", "RMSNorm.Config"),
        ("torchtitan/models/common/rope.py", "ComplexRoPE.Config"),
        ("torchtitan/protocols/model_spec.py", "ModelSpec"),
    ],
    "nanotron": [
        ("src/nanotron/config/config.py", name)
        for name in [
            "Config", "GeneralArgs", "ModelArgs", "TokenizerArgs", "CheckpointsArgs", "LoggingArgs", "TokensArgs",
            "OptimizerArgs", "AdamWOptimizerArgs", "LRSchedulerArgs", "DatasetStageArgs", "DataArgs",
            "NanosetDatasetsArgs",
        ]
    ] + [
        ("src/nanotron/config/models_config.py", "LlamaConfig"),
        ("src/nanotron/config/models_config.py", "RandomInit"),
        ("src/nanotron/config/parallelism_config.py", "ParallelismArgs"),
    ],
    "levanter": [
        ("src/levanter/main/train_lm.py", "TrainLmConfig"),
        ("src/levanter/trainer.py", "TrainerConfig"),
        ("src/levanter/checkpoint.py", "CheckpointerConfig"),
        ("src/levanter/models/llama.py", "LlamaConfig"),
        ("src/levanter/optim/config.py", "AdamConfig"),
        ("src/levanter/data/text.py", "LMMixtureDatasetConfig"),
        ("src/levanter/data/text.py", "UrlDatasetSourceConfig"),
    ],
}


class Source:
    """All classes and functions of a repository, by name; the file that is asked for wins over others."""

    def __init__(self, folder):
        self.folder = folder
        self.trees = {}

    def tree(self, path):
        if path not in self.trees:
            self.trees[path] = ast.parse((self.folder / path).read_text())
        return self.trees[path]

    def find(self, path, name):
        """The class or function `name`, which may be `Outer.Inner`, of a file."""
        body = self.tree(path).body
        for part in name.split("."):
            node = next((node for node in body if getattr(node, "name", None) == part), None)
            if node is None:
                return None
            body = node.body
        return node

    def anywhere(self, name):
        for path in sorted(self.folder.rglob("*.py")):
            relative = path.relative_to(self.folder)
            if f"class {name.split('.')[0]}" in path.read_text():
                node = self.find(relative, name)
                if node is not None:
                    return relative, node
        return None, None

    def fields(self, path, node):
        """Fields with their defaults, those of the bases first."""
        found = {}
        for base in node.bases:
            name = ast.unparse(base)
            there = path if self.find(path, name) is not None else None
            here = self.find(path, name) if there else None
            if here is None:
                there, here = self.anywhere(name)
            if here is not None:
                found.update(self.fields(there, here))
        for item in node.body:
            if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
                if not ast.unparse(item.annotation).startswith("ClassVar"):
                    found[item.target.id] = item
        return found


def arguments(node):
    """Names of a function's arguments; those of AdamW where it passes on what it does not name."""
    named = [argument.arg for argument in node.args.args + node.args.kwonlyargs]
    return named + (["weight_decay", "betas", "eps"] if node.args.kwarg else [])


def of_dataclasses(source, named):
    for path, name in named:
        path = pathlib.Path(path)
        node = source.find(path, name)
        if node is None:
            sys.exit(f"{path} has no {name}")
        is_function = isinstance(node, ast.FunctionDef)
        keys = arguments(node) if is_function else source.fields(path, node)
        yield from (f"{name}.{key}" for key in keys)


def constant(node):
    return node.value if isinstance(node, ast.Constant) else None


def flags_of_field(name, item):
    """The flags that Megatron's ArgumentGroupFactory makes of a field of a dataclass."""
    written = [
        constant(flag)
        for node in ast.walk(item)
        if isinstance(node, ast.Dict)
        for key, value in zip(node.keys, node.values)
        if constant(key) == "arg_names"
        for flag in value.elts
    ]
    if written:
        return written
    flag = name.replace("_", "-")
    is_true = ast.unparse(item.annotation) == "bool" and constant(item.value) is True
    return [f"--no-{flag}", f"--disable-{flag}"] if is_true else [f"--{flag}"]


def of_megatron(source):
    path = pathlib.Path("megatron/training/arguments.py")
    lists = {}
    for node in ast.walk(source.tree(path)):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.List):
            lists[ast.unparse(node.targets[0])] = [constant(item) for item in node.value.elts]
    for node in ast.walk(source.tree(path)):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        if called.endswith(".add_argument"):
            yield from (constant(flag) for flag in node.args if str(constant(flag)).startswith("--"))
        elif called == "ArgumentGroupFactory":
            excluded = next((word.value for word in node.keywords if word.arg == "exclude"), ast.List([]))
            excluded = lists.get(ast.unparse(excluded), [constant(item) for item in getattr(excluded, "elts", [])])
            there, here = source.anywhere(ast.unparse(node.args[0]))
            for name, item in source.fields(there, here).items():
                if name not in excluded:
                    yield from flags_of_field(name, item)


def main():
    trainer, folder, commit = sys.argv[1:]
    source = Source(pathlib.Path(folder))
    keys = of_megatron(source) if trainer == "megatron" else of_dataclasses(source, NAMED[trainer])
    print(f"# {REPOSITORIES[trainer]} {commit}, by keys.py")
    print("\n".join(sorted(set(keys))))


main()
