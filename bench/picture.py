"""The picture of a run, by gnuplot: above, how near each server is to the raw one; below, what compression and TLS
take, in CPU time of ours."""
import shutil, statistics, subprocess, sys

import tables

COLORS = {'weft': '#1b6ca8', 'libwebsockets': '#7a5195', 'beast': '#bc5090', 'bun': '#ef8354',
          'ws': '#ffa600', 'websockets': '#999999'}
OTHER_COLORS = '#2a9d8f', '#264653', '#8ab17d'
COST_MAX = 4  # What costs more ends at the panel's edge, with its figure.
WIDTH, PANEL_HEIGHT, KEY_HEIGHT = 900, 290, 40


def draw(runs, names, path):
    if not shutil.which('gnuplot'):
        print('no picture: there is no gnuplot', file=sys.stderr)
        return
    with_limit, without = tables.limited(runs)
    names = [name for name in names if name != 'raw']
    panels = ([ratios_panel(runs, with_limit, names)] if with_limit else []) + \
        ([costs_panel(runs, without, names)] if without else [])
    height = PANEL_HEIGHT * len(panels) + KEY_HEIGHT
    lines = [f'set terminal svg size {WIDTH},{height} font "sans-serif,12" noenhanced background "#ffffff"',
             f'set output "{path}"', 'set multiplot', 'set style data histogram',
             'set style histogram clustered gap 1', 'set style fill solid 0.9 noborder', 'set boxwidth 0.95',
             'set grid ytics lc rgb "#dddddd"', 'set border 3', 'set xtics nomirror scale 0', 'set ytics nomirror',
             'set lmargin 9', 'set rmargin 2', 'set tmargin 0', 'set bmargin 0']
    for number, panel in enumerate(panels):
        top = 1 - (KEY_HEIGHT + PANEL_HEIGHT * number + 12) / height
        bottom = top - (PANEL_HEIGHT - 62) / height
        lines += [f'set tmargin at screen {top:.4f}', f'set bmargin at screen {bottom:.4f}',
                  'set key at screen 0.5,0.985 center top horizontal maxrows 1' if number == 0 else 'unset key',
                  'unset arrow', 'unset label', *panel]
    lines += ['unset multiplot']
    subprocess.run(['gnuplot'], input='\n'.join(lines), text=True, check=True)
    print(f'\nThe picture: {path}')


def color(names, name):
    others = [other for other in names if other not in COLORS]
    return COLORS.get(name) or OTHER_COLORS[others.index(name) % len(OTHER_COLORS)]


def bars(block, names):
    return 'plot ' + ', '.join(f'{block} using {i + 2}:xtic(1) title "{name}" lc rgb "{color(names, name)}"'
                               for i, name in enumerate(names))


def median(values):
    return statistics.median(values) if values else 0


def ratios_panel(runs, cells, names):
    lines = [f'set xrange [-0.6:{len(cells) - 0.4}]', '$ratios << END']
    for cell in cells:
        lines.append(' '.join([cell, *(f'{median(tables.ratios_of(runs[cell], name)):.3f}' for name in names)]))
    return [*lines, 'END', 'set yrange [0:*]', 'set ytics autofreq', 'set ylabel "raw CPU / CPU (more is better)"',
            'set arrow from graph 0,first 1 to graph 1,first 1 nohead dt 2 lc rgb "#000000"', bars('$ratios', names)]


def costs_panel(runs, cells, names):
    base = tables.base_of(names)
    lines, labels = [f'set xrange [-0.6:{len(cells) - 0.4}]', '$costs << END'], []
    for place, cell in enumerate(cells):
        quotients = [median(tables.over(runs[cell], name, base)) for name in names]
        own = f'{tables.middle(runs[cell][base], "cpu_ns") / 1000:.3g} us' if runs[cell].get(base) else ''
        lines.append(' '.join([f'"{cell}\\n{base} {own}"', *(f'{min(value, COST_MAX):.3f}' for value in quotients)]))
        for number, value in enumerate(quotients):
            if value > COST_MAX:  # Where gnuplot puts a bar: a cluster and its gap are one wide.
                at = place + (number + 1 - (len(names) - 1) / 2 - 1) / (len(names) + 1)
                labels.append(f'set label "{value:.2g}" at first {at:.3f},{COST_MAX} center offset 0,0.5 '
                              'font "sans-serif,9"')
    return [*lines, 'END', f'set yrange [0:{COST_MAX}]', 'set ytics 1',
            f'set ylabel "CPU / CPU of {base} (less is better)"', *labels,
            'set arrow from graph 0,first 1 to graph 1,first 1 nohead dt 2 lc rgb "#000000"', bars('$costs', names)]
