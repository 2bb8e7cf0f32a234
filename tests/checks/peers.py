"""What the checks share that run other people's programs beside weft: starting, reading, ending."""
import os, pathlib, re, select, shutil, socket, subprocess, sys, time

sys.dont_write_bytecode = True
LIMIT_S = 50
SOUGHT = '/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin'
# Proxies and trust come from the arguments alone.
bare = {name: value for name, value in os.environ.items()
        if not name.lower().endswith('_proxy') and not name.startswith('SSL_CERT_')}
running = []


class Failure(Exception):
    pass


def find(name):
    return shutil.which(name, path=SOUGHT) or sys.exit(f'{name} is missing')


class Running:
    """A program whose output, both streams in one, is read when it is looked at. Its input stays open."""

    def __init__(self, *command):
        self.process = subprocess.Popen([str(word) for word in command], env=bare, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.output = b''
        running.append(self)

    def until(self, pattern):
        """Waits for a pattern (bytes) in all that was said, and answers the match."""
        end = time.monotonic() + LIMIT_S
        while not (found := re.search(pattern, self.output, re.S)):
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                raise Failure(f'{self.process.args}: no {pattern} in {self.output}')
            piece = os.read(self.process.stdout.fileno(), 65536)
            if not piece:
                raise Failure(f'{self.process.args}: ended without {pattern}: {self.output}')
            self.output += piece
        return found

    def say(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def end(self):
        """What it said to its end, which it comes to by itself."""
        rest, _ = self.process.communicate(timeout=LIMIT_S)
        self.output += rest
        return self.output

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.communicate(timeout=LIMIT_S)
        except (OSError, ValueError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(('127.0.0.1', port)) == 0


def start_at_free_port(make_command):
    """For programs that cannot choose a port. When another program was faster, it ends, and is started again."""
    while True:
        with socket.socket() as probe:
            probe.bind(('127.0.0.1', 0))
            port = probe.getsockname()[1]
        one = Running(*make_command(port))
        end = time.monotonic() + LIMIT_S
        while one.process.poll() is None and not listens(port):
            if time.monotonic() > end:
                raise Failure(f'{one.process.args}: does not listen')
            time.sleep(0.01)
        if one.process.poll() is None:
            return port
        if not re.search(rb'in use|cannot bind', one.end()):
            raise Failure(f'{one.process.args}: {one.output}')


def stop_all():
    while running:
        running.pop().stop()


def once(*command, given=b''):
    """Runs a program to its end."""
    return subprocess.run([str(word) for word in command], env=bare, input=given, capture_output=True,
                          timeout=LIMIT_S)


class Weft:
    """The program under test, with the certificates of tools/gen_certs.sh."""

    def __init__(self, program, certs):
        self.program, self.certs = program, pathlib.Path(certs)

    def pair(self, name):
        return self.certs / f'{name}.pem', self.certs / f'{name}.key'

    def serve(self, *options, names=('server',)):
        """`weft serve` on a free port; no names: plain. Answers the port."""
        words = []
        for name in names:
            certificate, key = self.pair(name)
            words += ['--tls-cert', certificate, '--tls-key', key]
        one = Running(self.program, 'serve', '--listen', '127.0.0.1:0', '--quiet', *words, *options)
        return int(one.until(rb'listening on https?://127\.0\.0\.1:(\d+)').group(1))

    def connect(self, url, *options, trust='ca', given=b'one\ntwo\n'):
        known = ['--ca', self.certs / f'{trust}.pem'] if trust else []
        return once(self.program, 'connect', *known, *options, url, given=given)

    def expect_echo(self, url, *options, given=b'one\ntwo\n', **trust):
        done = self.connect(url, *options, given=given, **trust)
        if (done.returncode, done.stdout) != (0, given):
            raise Failure(f'{url} {options}: {done}'[:2000])

    def expect_failure(self, words, url, *options, **trust):
        done = self.connect(url, *options, **trust)
        if done.returncode != 1 or words.encode() not in done.stderr:
            raise Failure(f'{url} {options}: no {words!r} in {done}')


def run_cases(cases):
    """Names and functions. Every one runs; status 1 if one failed."""
    failures = 0
    for name, case in cases:
        try:
            case()
            print(f'ok    {name}', flush=True)
        except (Failure, OSError, subprocess.SubprocessError) as error:
            failures += 1
            print(f'FAIL  {name}: {error}', flush=True)
        finally:
            stop_all()
    sys.exit(1 if failures else 0)
