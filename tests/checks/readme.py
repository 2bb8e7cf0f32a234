#!/usr/bin/env python3
"""The README shows the examples as they are, and its two commands first.

usage: readme.py SOURCE
"""
import pathlib, re, sys

source = pathlib.Path(sys.argv[1])
readme = (source / 'README.md').read_text()
blocks = re.findall(r'^```c\n(.*?)^```$', readme, re.M | re.S)
faults = []

for name in 'echo-server.c', 'client.c':
    program = (source / 'examples' / name).read_text()
    if program not in blocks:
        faults.append(f'README.md: no block of C is examples/{name}')
    lines = program.count('\n')
    if lines >= 30:
        faults.append(f'examples/{name}: {lines} lines; the README promises less than 30')

commands = re.findall(r'^```sh\n(.*?)^```$', readme, re.M | re.S)
if not commands or 'make run' not in commands[0] or 'make check' not in commands[0]:
    faults.append('README.md: the first commands are not make run and make check')

for link in re.findall(r'\]\((?!https?:|#)([^)#]+)', readme):
    if not (source / link).exists():
        faults.append(f'README.md: {link} does not exist')

print('\n'.join(faults) or 'readme: it shows the examples as they are')
sys.exit(bool(faults))
