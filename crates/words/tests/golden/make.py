"""Writes golden.json: words, sentences and simplified texts as datatrove 0.10.1 with spaCy 3.8.18 finds them.

    python make.py > golden.json
"""

import json

from datatrove.utils.text import TextNormConfig, simplify_text, split_into_sentences, split_into_words

TEXTS = [
    "",
    " ",
    "\n\n\t",
    "The quick brown fox jumps over the lazy dog.",
    "It's what you'd've said, isn't it? They'll say I'm gonna go; y'all can't, cannot, won't and shan't've.",
    "its it's Its wheres Who’s there’ll we’re shouldn’t hell he'll Ill I'll dont cant wouldve",
    "(e.g., the U.S. and the U.K., i.e. both) cost $5, €3.20, 10km, 5% and US$7 at 8am or 10p.m. on Jan. 3.",
    "See http://example.com/a,b?c=d#e, www.example.org. and someone@example.co.uk; not lower.Upper or a.b.",
    "192.168.0.1:8080 8.8.8.8 127.0.0.1/x 1.2.3 3.14,15 1,000,000 10-20 5*6 a+b x^2 2^-3 1--2",
    "well-known state-of-the-art mother—in—law yes–no a--b c---d e----f ~tilde~ a~b -flag --flag",
    "Wait... what?! No.. yes…… “Quoted,” ‘single’ «guillemets» ¿Qué? ¡Vamos!",
    ":) :-( (x): foo(): hello:) 8) (8) <3 o_o ^_^ a:b 12:30 key=value x<y p>q and/or w/o either/or",
    "fn main() { println!(\"{}\", x + y); } // comment #hash @mention a_b __init__ std::vec::Vec<u8>",
    "| table | cell |\n|---|---|\n* item one\n- item two\n• item three\n\n    indented   spaces\ttabs\r\n",
    "Café déjà vu, naïve coöperation; Straße, Ελληνικά κείμενα. Русский текст! 中文文本。日本語？",
    "हिन्दी पाठ। العربية؟ עברית. ไทย ၊ emoji 😀 and ☃snow→arrow © 2024 ™ °C 20°C. 5°F.",
    "Mr. Smith went to Washington D.C. on Sept. 4. He met Dr. Jones. They ate at 3:45 p.m. A.B. C.D. Ph.D. etc.",
    "'quoted' 'tis 'em rock 'n' roll dogs' James's the '90s goin' nothin' O'Neill o'clock ma'am",
    "Monday, 3 January 2020 at 10.5 or 10,5 or 1.2.3.4 ١٢٫٣ and May",
    "A\u00a0no-break\u2003em\u3000ideographic\u200bzero\x1cseparator\x85next\u2028line",
    "ﬁne ½ №5 ①② İstanbul ΟΔΥΣΣΕΥΣ e\u0301 a\u0308\u0323 한국어 조선글",
    "<p>HTML &amp; <b>bold</b></p> [link](http://x.y) `code` **bold** _it_ ~~no~~ \\n \\t C++ C# .NET",
    "no space.Next sentence.And,another;one:here!there?where a.b.c x.Y X.y 1.a a.1 ...a a... ..",
    "'''' \"\" '' \")\" (((nested))) [[a]] {{b}} ,,,, ;;;; !!!! ???? ---- ==== ++++ +1 + 1+ 1++",
]


def case(text):
    simplified = simplify_text(text)
    config = TextNormConfig(
        lowercase=False, norm_whitespace=False, norm_numbers=False, norm_weekdays=True, norm_monthnames=True
    )
    return {
        "text": text,
        "words": split_into_words(text),
        "sentences": len(split_into_sentences(text)),
        "simplified": simplified,
        "simplified_words": split_into_words(simplified),
        "simplified_otherwise": simplify_text(text.lower(), config),
    }


print(json.dumps([case(text) for text in TEXTS], ensure_ascii=True, indent=1))
