// Runs cases one after the other and prints a line for each.

const CASE_MAX_MS = 30000;

/** Runs, and fails when it takes too long. */
async function limited(milliseconds, what, run) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took more than ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([run(), late]);
  } finally {
    clearTimeout(timer);
  }
}

async function runCase({ name, run }) {
  const start = Date.now();
  try {
    await limited(CASE_MAX_MS, 'the case', run);
    console.log(`ok    ${name} (${Date.now() - start} ms)`);
    return true;
  } catch (error) {
    console.log(`FAIL  ${name}: ${error.stack ?? error}`);
    return false;
  }
}

/** Lists of { name, run }, for cases that stand alone. Answers the number of failures. */
export async function runCases(cases) {
  let failures = 0;
  for (const one of cases) if (!(await runCase(one))) failures += 1;
  console.log(`${cases.length - failures} of ${cases.length} cases passed`);
  return failures;
}

/** For cases that build on each other: after a failure the rest is not tried. */
export async function runStory(cases) {
  for (const [index, one] of cases.entries()) {
    if (await runCase(one)) continue;
    for (const { name } of cases.slice(index + 1)) console.log(`skip  ${name}`);
    return cases.length - index;
  }
  return 0;
}

/**
 * A run that hangs is a failure. Whatever happens, a signal or a reader of our lines that goes away
 * included, cleanUp comes last, and once.
 */
export async function within(milliseconds, what, cleanUp, run) {
  let cleaning = null;
  const cleanOnce = () => (cleaning ??= cleanUp());
  process.stdout.on('error', () => {});
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.once(signal, () => cleanOnce().finally(() => process.exit(1)));
  }
  try {
    return await limited(milliseconds, what, run);
  } finally {
    await cleanOnce();
  }
}
