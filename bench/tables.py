"""What is printed. runs: cell -> server -> what the generator printed in each repeat."""
import statistics

from cells import CELLS

SAME_BYTES = ('b20', 't20'), ('b1k', 't1k'), ('b16k', 't16k'), ('b1m', 't1m')
APART_MAX = 1.15  # Raw figures of the same bytes that lie further apart say more of the machine than of the server.
REUSE_MIN = 0.9


def middle(runs, key):
    return statistics.median(run[key] for run in runs)


def limited(runs):
    """The cells that have a raw server as their limit, and the others."""
    return ([cell for cell in runs if CELLS[cell].raw], [cell for cell in runs if not CELLS[cell].raw])


def base_of(names):
    """With which server others are compared where there is no limit."""
    return 'weft' if 'weft' in names else next((name for name in names if name != 'raw'), None)


def over(by_name, above, below):
    """The quotients of CPU time of two servers, each of one repeat, so that they are of neighbours in time."""
    others = {run['repeat']: run['cpu_ns'] for run in by_name.get(below, ())}
    return [run['cpu_ns'] / others[run['repeat']] for run in by_name.get(above, ()) if run['repeat'] in others]


def ratios_of(by_name, name):
    return [1 / quotient for quotient in over(by_name, name, 'raw')]


def cpu(by_name, name):
    ns = middle(by_name[name], 'cpu_ns')
    return f'{ns:,.0f} ns' if ns < 1e5 else f'{ns / 1000:,.0f} us'


def rate(by_name, name):
    return statistics.median(run['messages'] / run['seconds'] for run in by_name[name])


def present(by_name, names):
    return [name for name in names if by_name.get(name)]


def spread(ratios):
    return f'{statistics.median(ratios):.2f} | {min(ratios):.2f} to {max(ratios):.2f}' if ratios else '|'


def print_markdown(runs, names):
    with_limit, without = limited(runs)
    if with_limit:
        print('| cell | server | messages/s | server CPU per message | raw CPU / CPU | lowest to highest |')
        print('|---|---|---:|---:|---:|---:|')
    for cell in with_limit:
        for name in present(runs[cell], names):
            ratio = '|' if name == 'raw' else spread(ratios_of(runs[cell], name))
            print(f'| {cell} | {name} | {rate(runs[cell], name):,.0f} | {cpu(runs[cell], name)} | {ratio} |')
    if with_limit and without:
        print()
    base = base_of(names)
    if without:
        print(f'| cell | server | messages/s | server CPU per message | CPU / CPU of {base} | lowest to highest '
              '| bytes of an answer |')
        print('|---|---|---:|---:|---:|---:|---:|')
    for cell in without:
        for name in present(runs[cell], names):
            ratio = '|' if name == base else spread(over(runs[cell], name, base))
            size = f'{middle(runs[cell][name], "answer_bytes"):.0f}' if 'answer_bytes' in runs[cell][name][0] else ''
            print(f'| {cell} | {name} | {rate(runs[cell], name):,.0f} | {cpu(runs[cell], name)} | {ratio} | {size} |')
    print_notes(runs, '\n')


def print_table(runs, names):
    """A line for each cell, a column for each server."""
    with_limit, without = limited(runs)
    columns = [name for name in names if name != 'raw']
    if with_limit:
        print('raw CPU / CPU of the server (1.00: as cheap as the raw server; more is better)\n')
        print(f'{"":9} {"raw, ns":>9}' + ''.join(f' {name:>14}' for name in columns))
    for cell in with_limit:
        raw = f'{middle(runs[cell]["raw"], "cpu_ns"):,.0f}' if runs[cell].get('raw') else ''
        ratios = [ratios_of(runs[cell], name) for name in columns]
        print(f'{cell:9} {raw:>9}' +
              ''.join(f' {statistics.median(of):14.2f}' if of else f' {"-":>14}' for of in ratios))
    if with_limit and without:
        print()
    if without:
        print_costs(runs, without, columns)
    print_notes(runs, '\n')


def print_costs(runs, cells, columns):
    base = base_of(columns)
    print(f'CPU of the server per message or connection, us, and over that of {base} (less is better)\n')
    print(f'{"":19}' + ''.join(f' {name:>14}' for name in columns))
    for cell in cells:
        by_name = runs[cell]
        line = f'{cell:19}'
        for name in columns:
            if not by_name.get(name):
                line += f' {"-":>14}'
                continue
            ratios = over(by_name, name, base)
            ratio = f'{statistics.median(ratios):7.2f}' if ratios and name != base else f'{"":7}'
            line += f' {middle(by_name[name], "cpu_ns") / 1000:7.1f}{ratio}'
        print(line.rstrip())
        if any('answer_bytes' in run for of in by_name.values() for run in of):
            sizes = [f'{middle(by_name[name], "answer_bytes"):7.0f}{"":7}' if by_name.get(name) else f'{"-":>14}'
                     for name in columns]
            print(f'{"  bytes answered":19} {" ".join(sizes)}'.rstrip())


def notes_of(runs):
    for binary, text in SAME_BYTES:
        # A text is compared with the raw server that moved it, not with that of other bytes; both should cost the same.
        raws = [middle(runs[cell]['raw'], 'cpu_ns') for cell in (binary, text) if runs.get(cell, {}).get('raw')]
        if len(raws) == 2 and max(raws) > APART_MAX * min(raws):
            yield (f'raw took {raws[0]:,.0f} ns in {binary} and {raws[1]:,.0f} ns in {text}, for the same bytes: '
                   'the machine was not at rest')
    for cell, by_name in runs.items():
        wanted = CELLS[cell].words[3] if CELLS[cell].words[0] == 'packed' else None
        for name, of in by_name.items():
            if wanted == 'takeover' and of[0]['takeover'] != 'both':
                yield f'{cell}: with {name} contexts are taken over by {of[0]["takeover"]}, not by both'
            if wanted == 'alone' and of[0]['takeover'] != 'none':
                yield f'{cell}: with {name} contexts are taken over by {of[0]["takeover"]}'
            if CELLS[cell].words[1] == 'resume' and middle(of, 'resumed') < REUSE_MIN:
                yield f'{cell}: {name} resumed {middle(of, "resumed"):.0%} of the sessions'


def print_notes(runs, before):
    for note in notes_of(runs):
        print(f'{before}Note: {note}.')
        before = ''


def print_idle(bytes_each):
    print('| server | bytes per idle connection |')
    print('|---|---:|')
    for name, of in bytes_each.items():
        print(f'| {name} | {statistics.median(of):,.0f} |')
