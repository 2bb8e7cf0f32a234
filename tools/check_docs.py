#!/usr/bin/env python3
"""Fail when a public function, struct, enum or macro has no doc comment directly above it.

usage: check_docs.py [--list] HEADERS
--list prints the names of the functions instead.
"""
import pathlib, re, sys

FUNCTION = re.compile(r'^WEFT_API\b[^;]*?\b(weft_\w+)\s*\(', re.M)
TYPE = re.compile(r'^(?:typedef\s+)?(?:struct|enum)\s*(\w*)\s*\{', re.M)
MACRO = re.compile(r'^#\s*define\s+(WEFT_\w+)', re.M)

def declarations(text):
    for pattern in FUNCTION, TYPE, MACRO:
        for match in pattern.finditer(text):
            yield match.start(), match.group(1)

def is_documented(text, start):
    """A comment that begins with two stars ends on the line above."""
    above = text[:start].rstrip(' ')
    if not above.endswith('*/\n'):
        return False
    return text.startswith('/**', text.rindex('/*', 0, len(above)))

def needs_none(text, start, name):
    """Include guards, helpers that are undefined again, and a branch of #if whose first one is documented."""
    if re.search(rf'^#undef {name}$', text, re.M) or name.endswith('_H'):
        return True
    first = re.search(rf'^#\s*define {name}\b', text, re.M)
    return name in ('WEFT_API', 'WEFT_MUST_USE') or (first is not None and first.start() < start)

arguments = sys.argv[1:]
listing = arguments[:1] == ['--list']
headers = sorted(pathlib.Path(arguments[-1]).glob('*.h'))
if not headers:
    sys.exit(f'{arguments[-1]}: no headers')

missing = []
for header in headers:
    text = header.read_text()
    if listing:
        print('\n'.join(FUNCTION.findall(text)) or '', end='\n' if FUNCTION.search(text) else '')
        continue
    for start, name in declarations(text):
        if not is_documented(text, start) and not needs_none(text, start, name):
            line = text.count('\n', 0, start) + 1
            missing.append(f'{header}:{line}: {name or "this type"} has no doc comment')

if not listing:
    print('\n'.join(missing) or 'docs: every public name has its comment')
sys.exit(bool(missing))
