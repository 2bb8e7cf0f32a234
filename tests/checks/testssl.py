#!/usr/bin/env python3
"""Lets testssl.sh rate weft serve as it is by default. A finding above LOW is a failure; the others are shown.

usage: testssl.py WEFT CERTS     CERTS: the folder of tools/gen_certs.sh. Takes a minute or more.

What stays is LOW: no CAA record, which is the DNS's, and no HSTS, which would outlast a program that somebody tries
on localhost, for all other servers of that name.
"""
import json, pathlib, subprocess, sys, tempfile

from peers import Weft, bare, find, stop_all

TESTSSL_S = 900
KNOWN = {'cert_trust', 'cert_chain_of_trust', 'TLS1_3', 'TLS1_2', 'secure_renego', 'BEAST'}  # Else it has not looked.


def rate(port, weft, folder):
    out = pathlib.Path(folder) / 'out.json'
    done = subprocess.run([find('testssl'), '--add-ca', weft.certs.resolve() / 'ca.pem', '--warnings', 'off',
                           '--color', '0', '--quiet', '--jsonfile', out, f'https://localhost:{port}/'],
                          env={**bare, 'HOME': folder}, cwd=folder, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=TESTSSL_S)
    if not out.exists():
        sys.exit(f'testssl: no findings: {done.stdout.decode()}')
    return json.loads(out.read_text())


def main(program, certs):
    weft = Weft(program, certs)
    try:
        with tempfile.TemporaryDirectory(prefix='weft-') as folder:
            findings = rate(weft.serve(), weft, folder)
    finally:
        stop_all()
    names = {one['id'].split(' ')[0] for one in findings}
    if KNOWN - names:
        sys.exit(f'testssl: nothing of {sorted(KNOWN - names)}')
    bad = 0
    for one in findings:
        if one['severity'] not in ('OK', 'INFO'):
            print(one['severity'], one['id'], one['finding'])
        bad += one['severity'] in ('MEDIUM', 'HIGH', 'CRITICAL', 'FATAL')
    print(f'testssl: {len(findings)} findings, {bad} above LOW')
    return 1 if bad else 0


if len(sys.argv) != 3:
    sys.exit(__doc__)
sys.exit(main(*sys.argv[1:]))
