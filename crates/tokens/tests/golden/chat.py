"""Writes chat.json: templates with messages, and what the sandboxed Jinja of transformers makes of them.

    pip install jinja2 && python chat.py
"""

import json
from pathlib import Path

from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

ROLES = (
    "{{ bos_token }}{% for message in messages %}\n"
    "    {% if loop.first and message['role'] != 'system' %}\n"
    "{{ '<|s|>' + 'Be brief.' + eos_token }}\n"
    "    {% endif %}\n"
    "{{- '<|' + message.role + '|>\\n' + message['content'] | trim + eos_token + '\\n' }}\n"
    "{% endfor %}\n"
    "{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}"
)
LOOPS = (
    "{%- for m in messages -%}{% if m.role == 'tool' %}{% continue %}{% endif %}"
    "{% if loop.index > 3 %}{% break %}{% endif %}[{{ loop.index0 }}:{{ m.content.upper().split(' ')[0] }}]"
    "{%- endfor %}{% set ns = namespace(found=false) %}{% for m in messages %}"
    "{% if m.content.startswith('b') %}{% set ns.found = true %}{% endif %}{% endfor %}{{ ns.found }}"
)
JSON = "{{ messages | tojson }}|{{ messages[0].content | tojson }}|{{ {'a': [1, 2.5, none, true]} | tojson(indent=2) }}"
MACRO = (
    "{% macro say(role, text) %}<{{ role }}>{{ text }}</{{ role }}>{% endmacro %}"
    "{% for m in messages %}{{ say(m.role, m.content) }}{% endfor %}{{ messages[1:] | length }}{{ messages[-1]['role'] }}"
)

CONVERSATIONS = [
    [{"role": "user", "content": " hello <b>&\"world\"</b> "}],
    [
        {"role": "system", "content": "be kind"},
        {"role": "user", "content": "bonjour é 你好"},
        {"role": "assistant", "content": "a\nb"},
        {"role": "tool", "content": "x"},
        {"role": "user", "content": "last one"},
    ],
]


def dumps(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def main():
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
    environment.filters["tojson"] = dumps
    cases = []
    for template in [ROLES, LOOPS, JSON, MACRO]:
        for messages in CONVERSATIONS:
            for asks in [False, True]:
                text = environment.from_string(template).render(
                    messages=messages, add_generation_prompt=asks, bos_token="<s>", eos_token="</s>"
                )
                cases.append({"template": template, "messages": messages, "asks": asks, "text": text})
    path = Path(__file__).with_name("chat.json")
    path.write_text(json.dumps(cases, ensure_ascii=False, indent=1) + "\n")


main()
