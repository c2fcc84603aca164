"""Golden tokens by the field's own libraries: writes byte_level.json and pieces.json beside this file.

Run with Python 3.11, tokenizers 0.23.2 and sentencepiece 0.2.1 or later.
"""

import io
import json
import pathlib

import sentencepiece
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

FOLDER = pathlib.Path(__file__).parent
LEARN = [
    "The scaling of losses with compute is a power law, and it's what 1234 small runs are fitted to.\n",
    "fn main() {\n    let words = text.split(' ');\n    println!(\"{words:?} {}\", 10 + 20);\n}\n",
    "We've measured 3.14 and 2.718 in 2024; they'll be 100,000 by then, don't you think?\n",
    "Les lois d'échelle décrivent la perte; où l'été fût très doux, naïve façade.\n",
    "Скейлинг моделей: потери падают с вычислениями. 缩放定律描述了损失随计算量的下降。\n",
    "損失は計算量とともに減少する。 스케일링 법칙 🙂🙃 👩‍👧 — “quoted” … ½ x² ٣٤\n",
] * 4
TEXTS = [
    "",
    " ",
    "Hello world 123",
    " 12 345.6",
    "a  1\n\n  b",
    "don't  we've THEY'LL I'M it'\u017f",
    "½ x² ٣٤ Ⅷ 12345678",
    "héllo — 你好 🙂 e\u0301clair",
    "fn main() {\n\tlet x = [1, 2];\r\n}\r\n\r\n",
    "   leading and trailing   ",
    "\u00a0\u2003 odd\u3000spaces\u0085here",
    "a<|im_end|>b <tool>c</tool> <|im_start|>user\nhi<|im_end|>\n",
    "(x+y)=~z|$5.00 __init__ #!/bin/sh 'quoted' ...!!!\n\n\n",
    "缩放定律描述了损失 損失は計算量 스케일링 법칙",
    "\0\u0001\u007f\ufeff\ufffd\U0010ffff",
    "wordswordswordswordswordswordswords 1000000000000",
]
CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"
REST = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def split(pattern):
    return pre_tokenizers.Split(Regex(pattern), "isolated")


def sequence(*steps):
    return pre_tokenizers.Sequence(list(steps))


BYTES = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
WORDS = pre_tokenizers.ByteLevel(add_prefix_space=False)
SPLITTERS = {
    "gpt-2": WORDS,
    "smollm": sequence(pre_tokenizers.Digits(individual_digits=True), WORDS),
    "llama-bpe": sequence(split(CONTRACTIONS + r"\p{N}{1,3}" + REST), BYTES),
    "dbrx": sequence(split(CONTRACTIONS + r"\p{N}{1,3}" + REST), BYTES),
    "qwen2": sequence(split(CONTRACTIONS + r"\p{N}" + REST), BYTES),
    "default": sequence(
        split(r"[\p{P}$+<=>^~|]+"), split(GPT2), split(r"\p{N}+"), split("[0-9][0-9][0-9]"), BYTES
    ),
}


def byte_level():
    learnt = Tokenizer(models.BPE())
    learnt.pre_tokenizer = WORDS
    trainer = trainers.BpeTrainer(
        vocab_size=420, show_progress=False, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    learnt.train_from_iterator(LEARN, trainer)
    model = json.loads(learnt.to_str())["model"]
    cases = {}
    for name, splitter in SPLITTERS.items():
        assert "Hello" not in model["vocab"]
        # A word of many merges that is a token beside them: only where words are taken whole is it found.
        whole = dict(model, ignore_merges=name == "llama-bpe", vocab=dict(model["vocab"], Hello=len(model["vocab"])))
        base = json.loads(learnt.to_str())
        tokenizer = Tokenizer.from_str(json.dumps(dict(base, model=whole)))
        tokenizer.pre_tokenizer = splitter
        tokenizer.decoder = decoders.ByteLevel()
        if name == "qwen2":
            tokenizer.normalizer = normalizers.NFC()
        tokenizer.add_special_tokens(["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
        tokenizer.add_tokens([AddedToken("<tool>", normalized=False), AddedToken("</tool>", normalized=False)])
        special = [tokenizer.encode(text, add_special_tokens=False).ids for text in TEXTS]
        tokenizer.encode_special_tokens = True
        ids = [tokenizer.encode(text, add_special_tokens=False).ids for text in TEXTS]
        whole = json.loads(tokenizer.to_str())
        kept = whole.pop("model")
        cases[name] = {"file": whole, "ignore_merges": kept["ignore_merges"], "ids": ids, "special": special}
    kept.pop("ignore_merges")
    write("byte_level.json", {"texts": TEXTS, "model": kept, "cases": cases})


def pieces():
    cases = []
    for space_prefix in [True, False]:
        written = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(LEARN),
            model_writer=written,
            model_type="bpe",
            vocab_size=560,
            byte_fallback=True,
            character_coverage=0.98,
            normalization_rule_name="identity",
            remove_extra_whitespaces=False,
            add_dummy_prefix=space_prefix,
            split_digits=True,
            allow_whitespace_only_pieces=True,
            user_defined_symbols=["<tool>"],
            minloglevel=2,
        )
        processor = sentencepiece.SentencePieceProcessor(model_proto=written.getvalue())
        kinds = [
            (processor.is_unknown, 2),
            (processor.is_control, 3),
            (processor.is_unused, 5),
            (processor.is_byte, 6),
        ]
        ids = range(processor.get_piece_size())
        types = [next((number for of, number in kinds if of(id)), 1) for id in ids]
        types[processor.piece_to_id("<tool>")] = 4
        # Its own sign for a space is one in a text, too; here it is a character.
        texts = [text for text in TEXTS if "\u2581" not in text]
        cases.append(
            {
                "tokens": [processor.id_to_piece(id) for id in ids],
                "scores": [processor.get_score(id) for id in ids],
                "token_type": types,
                "add_space_prefix": space_prefix,
                "texts": texts,
                "ids": [processor.encode(text) for text in texts],
            }
        )
    write("pieces.json", cases)


def write(name, content):
    (FOLDER / name).write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n")


byte_level()
pieces()
